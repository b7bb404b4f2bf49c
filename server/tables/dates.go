package tables

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// excelEpoch is day 0 of Excel's calendar as it counts from March 1900 on.
func excelEpoch() time.Time { return time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC) }

var (
	yearFirst = regexp.MustCompile(`^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T]\d.*)?$`)
	dayFirst  = regexp.MustCompile(`^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?: \d.*)?$`)
	inWords   = regexp.MustCompile(`^(?:วันที่ ?)?(\d{1,2}) ?([ก-๙.]+?) ?(?:พ\.ศ\. ?|ค\.ศ\. ?)?(\d{4})$`)
)

// date reads a day as people write it, and gives it as ISO 8601 in C.E.:
// 2563-01-31, 31/1/2563, 31 ม.ค. 2563, 31 มกราคม พ.ศ. 2563, 2020-01-31. The day
// comes before the month, as everywhere in Thailand. Years 2400–2600 are B.E.
func (c *listRow) date(field string) string {
	text := c.text(field)
	if text == "" {
		return ""
	}
	var year, month, day int
	if p := yearFirst.FindStringSubmatch(text); p != nil {
		year, month, day = number(p[1]), number(p[2]), number(p[3])
	} else if p := dayFirst.FindStringSubmatch(text); p != nil {
		year, month, day = number(p[3]), number(p[2]), number(p[1])
	} else if p := inWords.FindStringSubmatch(text); p != nil {
		year, month, day = number(p[3]), thaiMonth(p[2]), number(p[1])
	}
	if year >= 2400 && year <= 2600 {
		year -= 543
	}
	at := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if year < 1800 || year > 2200 || at.Day() != day || int(at.Month()) != month {
		c.bad(field, "ไม่ใช่วันที่ เขียนวัน เดือน และปีสี่หลัก เช่น 31/1/2563", "This is not a date: write day, month and a year of four digits, such as 2020-01-31 or 31/1/2563.")
		return ""
	}
	return at.Format(time.DateOnly)
}

// number reads at most four digits.
func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// thaiMonth gives the month, 0 if it is none.
func thaiMonth(word string) int {
	for i, names := range [...][2]string{
		{"มกราคม", "ม.ค."},
		{"กุมภาพันธ์", "ก.พ."},
		{"มีนาคม", "มี.ค."},
		{"เมษายน", "เม.ย."},
		{"พฤษภาคม", "พ.ค."},
		{"มิถุนายน", "มิ.ย."},
		{"กรกฎาคม", "ก.ค."},
		{"สิงหาคม", "ส.ค."},
		{"กันยายน", "ก.ย."},
		{"ตุลาคม", "ต.ค."},
		{"พฤศจิกายน", "พ.ย."},
		{"ธันวาคม", "ธ.ค."},
	} {
		bare := strings.ReplaceAll(names[1], ".", "")
		if word == names[0] || strings.ReplaceAll(word, ".", "") == bare {
			return i + 1
		}
	}
	return 0
}
