package xlsform

import "tambonsync/syncproto/survey"

// extension starts the names of our own columns; other programs pass over
// them.
const extension = "tambonsync"

// Columns of ours on the sheet survey.
const (
	xType         = "tambonsync::type"    // bool, money, thai_id, photo …: where XLSForm's type says less
	xGroup        = "tambonsync::group"   // the unit of merge
	xPrivacy      = "tambonsync::privacy" // id, name or s26
	xCarry        = "tambonsync::carry"   // yes: goes into the next round's roster
	xPartial      = "tambonsync::partial" // yes: a date may lack its day or month
	xMin          = "tambonsync::min"     // of a number, or of how many records
	xMax          = "tambonsync::max"
	xRows         = "tambonsync::rows"    // the list whose choices are the rows of a table
	xInline       = "tambonsync::inline"  // yes: the list belongs to this question alone
	xSection      = "tambonsync::section" // this group goes on with a section begun further up
	xRequired     = "tambonsync::required"
	xRelevant     = "tambonsync::relevant" // the CEL that XPath cannot say exactly
	xConstraint   = "tambonsync::constraint"
	xCalculation  = "tambonsync::calculation"
	xChoiceFilter = "tambonsync::choice_filter"
	xDefault      = "tambonsync::default" // JSON
)

// Columns of ours on the other sheets.
const (
	xRecordType = "tambonsync::record_type" // settings: what the form's main records are called
	xTitleEN    = "tambonsync::title_en"    // settings
	xFilter     = "tambonsync::filter"      // choices: JSON, for what columns cannot hold
)

// heading is a column as it is written: headKey gives key back.
type heading struct{ key, head string }

func headings(keys ...string) []heading {
	var out []heading
	for _, k := range keys {
		out = append(out, heading{k, k})
	}
	return out
}

func bilingual(key string) []heading {
	return []heading{{key + "|th", key + "::Thai (th)"}, {key + "|en", key + "::English (en)"}}
}

func joined(lists ...[]heading) []heading {
	var out []heading
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

func surveyHeadings() []heading {
	return joined(headings("type", "name"), bilingual("label"), bilingual("hint"), headings("required"),
		bilingual("required_message"), headings("relevant", "constraint"), bilingual("constraint_message"),
		headings("calculation", "choice_filter", "appearance", "default", "repeat_count",
			xType, xGroup, xPrivacy, xCarry, xPartial, xMin, xMax, xRows, xInline, xSection,
			xRequired, xRelevant, xConstraint, xCalculation, xChoiceFilter, xDefault))
}

// What the sheet tambonsync says, in its column "what"; "of" and "text" say of what and what.
const (
	whatDraft    = "draft"        // text yes
	whatNote     = "note"         // th, en
	whatSource   = "source"       // text; one row each
	whatNotice   = "notice"       // text: its version; th, en
	whatLabel    = "label"        // of: the main record type; th, en
	whatTypes    = "record_types" // text: their order
	whatSections = "sections"     // of: a record type; text: their order
	whatUnique   = "unique"       // of: a record type; text: questions; one row each
	whatAlike    = "alike"        // the same
	whatSearch   = "search"       //
	whatTitle    = "title"        //
	whatColumn   = "column"       // of: RECORD_TYPE.QUESTION, a table; text: the column's name; type, min, max, th, en
)

func extraHeadings() []heading {
	return headings("what", "of", "text", "type", "min", "max", "th", "en")
}

// standardTypes are XLSForm's types with ours. Those that need more to be told
// apart, such as money, have it in tambonsync::type.
var standardTypes = map[survey.Type]string{
	survey.TypeText: "text", survey.TypeInt: "integer", survey.TypeDecimal: "decimal", survey.TypeMoney: "decimal",
	survey.TypeGeopoint: "geopoint", survey.TypeThaiID: "text", survey.TypeDate: "date", survey.TypeTime: "time",
	survey.TypeDateTime: "dateTime", survey.TypePhoto: "image", survey.TypeSignature: "image", survey.TypeNote: "note",
	survey.TypeCalculate: "calculate", survey.TypeBarcode: "barcode",
}

// plainTypes are the types of a row, in lower case and with blanks for
// underscores.
var plainTypes = map[string]survey.Type{
	"text": survey.TypeText, "string": survey.TypeText,
	"integer": survey.TypeInt, "int": survey.TypeInt, "decimal": survey.TypeDecimal,
	"note": survey.TypeNote, "calculate": survey.TypeCalculate,
	"date": survey.TypeDate, "time": survey.TypeTime, "datetime": survey.TypeDateTime,
	"geopoint": survey.TypeGeopoint, "gps": survey.TypeGeopoint, "location": survey.TypeGeopoint,
	"image": survey.TypePhoto, "photo": survey.TypePhoto, "barcode": survey.TypeBarcode,
}

// narrower are the marks of tambonsync::type and the standard type each may
// stand on.
var narrower = map[survey.Type]survey.Type{
	survey.TypeBool: survey.TypeChoice, survey.TypeMoney: survey.TypeDecimal, survey.TypeThaiID: survey.TypeText,
}

// metadata are rows that say what the device should note. The sync engine
// notes its own, so they are left out; ${today} goes on meaning the day.
var metadata = map[string]string{
	"start": "", "end": "", "today": "today", "deviceid": "", "username": "", "phonenumber": "", "email": "",
	"subscriberid": "", "simserial": "", "audit": "", "start-geopoint": "",
}

// passedOver are columns of the sheet survey that are read nowhere and change
// no answer.
var passedOver = []string{
	"note", "notes", "comment", "comments", "remark", "remarks", "หมายเหตุ", "disabled", "tambonsync::note",
}
