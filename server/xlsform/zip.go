package xlsform

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"

	"tambonsync/syncproto/survey"
)

// checkZip looks at a file before anything else touches it. The sizes of the
// zip directory are believed only to refuse; then every part is read and
// counted, so that a directory that lies gains nothing. Nil: it is a zip
// within the limits.
func checkZip(data []byte) *survey.Text {
	refuse := func(t survey.Text) *survey.Text { return &t }
	switch {
	case len(data) > MaxFileBytes:
		return refuse(say("ไฟล์ใหญ่ %d ไบต์ รับได้ไม่เกิน 20 MiB ลบรูปภาพและแผ่นงานที่ไม่ใช้ออกจากไฟล์",
			"The file has %d bytes; at most 20 MiB are taken. Remove pictures and sheets that are not used.", len(data)))
	case len(data) == 0:
		return refuse(say("ไฟล์ว่างเปล่า", "The file is empty."))
	case bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")):
		return refuse(sayOldOffice(data))
	}
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return refuse(say("ไฟล์นี้ไม่ใช่สมุดงาน .xlsx หรือเสียหาย เปิดด้วยโปรแกรมตารางคำนวณแล้วบันทึกเป็น .xlsx ใหม่",
			"This is no .xlsx workbook, or it is damaged: open it in a spreadsheet program and save it as .xlsx again."))
	}
	if len(r.File) > maxParts {
		return refuse(say("ไฟล์มีส่วนย่อย %d ส่วน รับได้ไม่เกิน %d", "The workbook has %d parts; at most %d are taken.", len(r.File), maxParts))
	}
	tooLarge := say("สมุดงานขยายแล้วใหญ่เกิน 100 MiB จึงไม่เปิด ลบรูปภาพและแผ่นงานที่ไม่ใช้ หรือบันทึกใหม่",
		"Unpacked, the workbook is over 100 MiB and was not opened: remove pictures and sheets that are not used, or save it again.")
	var declared uint64
	for _, part := range r.File {
		if declared += part.UncompressedSize64; declared > MaxUnzipped {
			return &tooLarge
		}
		if part.UncompressedSize64 > maxPartBytes || overRatio(part) {
			return refuse(say("ส่วน %q ในสมุดงานขยายจาก %d เป็น %d ไบต์ ใหญ่ผิดปกติ จึงไม่เปิด บันทึกไฟล์ใหม่แล้วลองอีกครั้ง",
				"The part %q of the workbook would unpack from %d to %d bytes, which is too much; it was not opened. Save the file again and retry.",
				short(part.Name), part.CompressedSize64, part.UncompressedSize64))
		}
	}
	left := int64(MaxUnzipped)
	for _, part := range r.File {
		seen, err := readPart(part, min(left, maxPartBytes))
		if left -= seen.bytes; errors.Is(err, errTooLarge) {
			return &tooLarge
		}
		if seen.tags > maxTags && !isSheet(part) {
			return refuse(say("ส่วน %q ในสมุดงานมีข้อความหรือรูปแบบมากเกินไป จึงไม่เปิด ลบแผ่นงานที่ไม่ใช้แล้วบันทึกใหม่",
				"The part %q of the workbook holds too many texts or formats; it was not opened. Remove sheets that are not used and save it again.", short(part.Name)))
		}
		if err != nil {
			return refuse(say("ส่วน %q ในสมุดงานเสียหาย บันทึกไฟล์ใหม่แล้วลองอีกครั้ง",
				"The part %q of the workbook is damaged: save the file again and retry.", short(part.Name)))
		}
	}
	return nil
}

func overRatio(part *zip.File) bool {
	return part.UncompressedSize64 > ratioFrom && part.UncompressedSize64/maxRatio > part.CompressedSize64
}

var errTooLarge = errors.New("over the limit")

// isSheet reports a part that is read row by row. What is in any other part
// excelize holds as a tree, of some hundred bytes for each tag.
func isSheet(part *zip.File) bool { return strings.HasPrefix(part.Name, "xl/worksheets/") }

// readPart reads one part to its end, which also checks its sum, or to the
// limit.
func readPart(part *zip.File, limit int64) (seen counter, err error) {
	r, err := part.Open()
	if err != nil {
		return seen, err
	}
	defer func() { _ = r.Close() }()
	_, err = io.Copy(&seen, io.LimitReader(r, limit+1))
	if seen.bytes > limit {
		return seen, errTooLarge
	}
	return seen, err
}

// counter counts what is written to it, and XML tags.
type counter struct {
	bytes int64
	tags  int
}

func (c *counter) Write(b []byte) (int, error) {
	c.bytes += int64(len(b))
	c.tags += bytes.Count(b, []byte("<"))
	return len(b), nil
}

// sayOldOffice tells an encrypted .xlsx from an .xls: both have the same outer
// format, and the first names its content in UTF-16.
func sayOldOffice(data []byte) survey.Text {
	name := []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00")
	if bytes.Contains(data, name) {
		return say("สมุดงานนี้ตั้งรหัสผ่านไว้ เอารหัสผ่านออกแล้วบันทึกใหม่",
			"The workbook is protected by a password: remove it and save again.")
	}
	return say("ไฟล์นี้เป็น .xls รุ่นเก่า เปิดแล้วบันทึกเป็น .xlsx",
		"This is an old .xls file: open it and save it as .xlsx.")
}
