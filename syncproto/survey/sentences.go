package survey

import "strconv"

// The sentences of problems. Each tells the person what to do next; none
// repeats the answer, which may be personal data.

var sayWrongType = map[Type]Text{
	TypeText:       {TH: "กรอกคำตอบนี้เป็นข้อความ", EN: "Enter this answer as text."},
	TypeBool:       {TH: "เลือกใช่หรือไม่ใช่", EN: "Choose yes or no."},
	TypeInt:        {TH: "กรอกเป็นจำนวนเต็ม ใช้ตัวเลขเท่านั้น", EN: "Enter a whole number, digits only."},
	TypeMoney:      {TH: "กรอกจำนวนเงินเป็นบาท ใช้ตัวเลขเท่านั้น", EN: "Enter the amount in baht, digits only."},
	TypeChoice:     {TH: "เลือกหนึ่งคำตอบจากรายการ", EN: "Choose one answer from the list."},
	TypeGeopoint:   {TH: "จับพิกัดใหม่ ต้องมีทั้งละติจูดและลองจิจูดเป็นตัวเลข", EN: "Take the position again: latitude and longitude are both needed, as numbers."},
	TypeThaiID:     {TH: "กรอกเลขประจำตัวประชาชนใหม่ เป็นตัวเลข 13 หลัก", EN: "Enter the citizen id again, as 13 digits."},
	TypeDecimal:    {TH: "กรอกเป็นตัวเลข", EN: "Enter a number."},
	TypeMulti:      {TH: "เลือกคำตอบจากรายการ เลือกได้หลายข้อ", EN: "Choose from the list; several may be chosen."},
	TypeTime:       {TH: "กรอกเวลา เช่น 07:30", EN: "Enter the time, for example 07:30."},
	TypeDateTime:   {TH: "กรอกวันและเวลา เช่น 2020-01-31T07:30:00+07:00", EN: "Enter date and time, for example 2020-01-31T07:30:00+07:00."},
	TypePhoto:      {TH: "ถ่ายภาพใหม่", EN: "Take the picture again."},
	TypeSignature:  {TH: "ลงลายมือชื่อใหม่", EN: "Sign again."},
	TypeBarcode:    {TH: "สแกนใหม่", EN: "Scan again."},
	TypeCountTable: {TH: "กรอกจำนวนในแต่ละแถวเป็นจำนวนเต็ม ไม่ติดลบ", EN: "Enter a whole number from 0 in each row."},
	TypeTable:      {TH: "กรอกตารางนี้ใหม่ทีละช่อง", EN: "Fill in this table again, cell by cell."},
	TypeDate:       {TH: "กรอกวันที่ใหม่ เช่น 1984-12-31", EN: "Enter the date again, for example 1984-12-31."},
}

var (
	sayBadChoice = Text{
		TH: "คำตอบนี้ไม่อยู่ในรายการ เลือกใหม่จากรายการ",
		EN: "This answer is not in the list: choose again from the list.",
	}
	sayBadChoices = Text{
		TH: "มีคำตอบที่ไม่อยู่ในรายการหรือซ้ำกัน เลือกใหม่จากรายการ",
		EN: "An answer is not in the list, or is there twice: choose again from the list.",
	}
	sayFiltered = Text{
		TH: "คำตอบนี้ไม่เข้ากับคำตอบก่อนหน้า เลือกใหม่จากรายการที่แสดง",
		EN: "This answer does not go with an earlier one: choose again from those shown.",
	}
	sayBadRow = Text{
		TH: "ตารางนี้มีแถวหรือช่องที่แบบสอบถามไม่มี กรอกใหม่",
		EN: "This table has a row or column that the form does not have: fill it in again.",
	}
	sayConstraint = Text{
		TH: "คำตอบนี้ขัดกับคำตอบอื่นหรือไม่น่าเป็นไปได้ ตรวจแล้วแก้ไข",
		EN: "This answer contradicts another or cannot be: look at it and correct it.",
	}
	sayBadPosition = Text{
		TH: "พิกัดนี้เป็นไปไม่ได้ ตรวจว่าละติจูดกับลองจิจูดไม่สลับกัน หรือจับพิกัดใหม่",
		EN: "There is no such position: see that latitude and longitude are not swapped, or take it again.",
	}
	sayIDShape = Text{
		TH: "เลขประจำตัวประชาชนต้องเป็นตัวเลข 0–9 จำนวน 13 หลัก ไม่มีขีดหรือเว้นวรรค กรอกใหม่",
		EN: "A citizen id is 13 digits 0–9 without dashes or spaces: enter it again.",
	}
	sayThaiDigitsInID = Text{
		TH: "เลขประจำตัวประชาชนนี้มีเลขไทย กรอกใหม่ด้วยเลขอารบิก 0–9",
		EN: "This citizen id has Thai digits: enter it again with the digits 0–9.",
	}
	sayCheckDigit = Text{
		TH: "เลขประจำตัวประชาชนนี้ไม่ถูกต้อง เทียบกับบัตรทีละหลักแล้วแก้ไข",
		EN: "The last digit of this citizen id does not fit the others: compare it with the card and correct it.",
	}
	sayThaiDigitsInDate = Text{
		TH: "วันที่นี้มีเลขไทย กรอกใหม่ด้วยเลขอารบิก 0–9",
		EN: "This date has Thai digits: enter it again with the digits 0–9.",
	}
	sayBEYear = Text{
		TH: "ปีนี้เป็น พ.ศ. แต่ระบบเก็บวันที่เป็น ค.ศ. ลบ 543 ออกจากปีแล้วกรอกใหม่",
		EN: "This is a B.E. year, but dates are stored in C.E.: take 543 from the year and enter it again.",
	}
	sayNoSuchDay = Text{
		TH: "ไม่มีวันที่นี้ ตรวจวัน เดือน และปี แล้วแก้ไข",
		EN: "There is no such date: look at the day, month and year and correct it.",
	}
)

func sayDateShape(partial bool) Text {
	if partial {
		return Text{
			TH: "กรอกวันที่เป็น ค.ศ. เช่น 1984-12-31 หากไม่ทราบวันหรือเดือนใช้ 1984-12 หรือ 1984",
			EN: "Enter the date in C.E. as 1984-12-31, or 1984-12 or 1984 when the rest is not known.",
		}
	}
	return Text{
		TH: "กรอกวันที่เป็น ค.ศ. ให้ครบทั้งปี เดือน วัน เช่น 1984-12-31",
		EN: "Enter the whole date in C.E. as 1984-12-31.",
	}
}

func sayRange(lowest, highest *float64) Text {
	switch {
	case lowest != nil && highest != nil:
		return Text{
			TH: "กรอกตัวเลขตั้งแต่ " + plain(*lowest) + " ถึง " + plain(*highest),
			EN: "Enter a number from " + plain(*lowest) + " to " + plain(*highest) + ".",
		}
	case lowest != nil:
		return Text{
			TH: "ตรวจตัวเลขนี้ ต้องไม่น้อยกว่า " + plain(*lowest) + " และไม่มากเกินจริง",
			EN: "Look at this number: it must be " + plain(*lowest) + " or more, and not beyond belief.",
		}
	case highest != nil:
		return Text{
			TH: "ตรวจตัวเลขนี้ ต้องไม่เกิน " + plain(*highest),
			EN: "Look at this number: it must be " + plain(*highest) + " or less.",
		}
	}
	return Text{
		TH: "ตัวเลขนี้มากหรือน้อยเกินจริง ตรวจแล้วแก้ไข",
		EN: "This number is beyond belief: look at it and correct it.",
	}
}

func plain(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

func unknownQuestion(name string) Problem {
	return Problem{
		Question: name, Code: UnknownQuestion,
		TH: "แบบสอบถามรุ่นนี้ไม่มีข้อนี้ คำตอบยังเก็บไว้ ปรับปรุงแอปหรือแจ้งผู้ดูแลแบบสอบถาม",
		EN: "This version of the form has no such question: the answer is kept; update the app or tell the keeper of the form.",
	}
}

func unknownType() Problem {
	return Problem{
		Code: UnknownType,
		TH:   "แบบสอบถามรุ่นนี้ไม่มีข้อมูลประเภทนี้ ข้อมูลยังเก็บไว้ ปรับปรุงแอปหรือแจ้งผู้ดูแลแบบสอบถาม",
		EN:   "This version of the form has no records of this type: the record is kept; update the app or tell the keeper of the form.",
	}
}

func wrongNumber(t *RecordType) Problem {
	var bounds Text
	switch {
	case t.min != nil && t.max != nil:
		bounds = Text{TH: strconv.Itoa(*t.min) + " ถึง " + strconv.Itoa(*t.max), EN: strconv.Itoa(*t.min) + " to " + strconv.Itoa(*t.max)}
	case t.min != nil:
		bounds = Text{TH: "อย่างน้อย " + strconv.Itoa(*t.min), EN: strconv.Itoa(*t.min) + " or more"}
	default:
		bounds = Text{TH: "ไม่เกิน " + strconv.Itoa(*t.max), EN: strconv.Itoa(*t.max) + " or fewer"}
	}
	return Problem{
		Question: t.name, Code: WrongNumber,
		TH: "จำนวน" + t.label.TH + "ต้องเป็น " + bounds.TH + " เพิ่มหรือลบให้ครบ",
		EN: t.label.EN + ": there must be " + bounds.EN + ". Add or remove some.",
	}
}
