package terminal

import (
	"fmt"
	"io"
	"text/tabwriter"

	"tambonsync/syncproto/survey"
)

// PrintSummary shows the sums of an area to people.
func PrintSummary(w io.Writer, s survey.Summary) {
	fmt.Fprintf(w, "%s  %s\n%s  (%s)\n", s.Area, s.AreaName, s.RoundTitle, s.Round)
	h := s.Households
	fmt.Fprintf(w, Say("ครัวเรือน %d  ข้อมูลครบ %d  คน %d\n", "Households %d  complete %d  persons %d\n"), h.Total, h.Complete, s.Persons)
	fmt.Fprintf(w, Say("ยังไม่เริ่ม %d · กำลังเก็บ %d · ครบ %d · ส่งแล้ว %d · ส่งกลับ %d · รับรอง %d\n",
		"not started %d · in progress %d · ready %d · submitted %d · returned %d · approved %d\n"),
		h.NotStarted, h.InProgress, h.Ready, h.Submitted, h.Returned, h.Approved)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, Say("ที่\tสำรวจ\tผ่าน\tตก\tร้อยละผ่าน\tยังไม่ตอบ\t  ตัวชี้วัด", "No\tapplicable\tpassed\tfailed\tpercent\tunanswered\t  indicator"))
	for _, l := range s.Indicators {
		percent := "–"
		if l.Percent != nil {
			percent = fmt.Sprintf("%.2f", *l.Percent)
		}
		mark := "  "
		if l.Failed > 0 {
			mark = "✗ "
		}
		fmt.Fprintf(t, "%d\t%d\t%d\t%d\t%s\t%d\t  %s%s\n", l.No, l.Applicable, l.Passed, l.Failed, percent, l.Households.Unanswered, mark, Say(l.NameTH, l.NameEN))
	}
	_ = t.Flush()
	printFreshness(w, s)
}

func printFreshness(w io.Writer, s survey.Summary) {
	if s.Frozen {
		fmt.Fprintln(w, Say("รับรองแล้ว ตัวเลขถูกตรึงไว้", "Certified: the numbers are frozen."))
	}
	if s.Unassigned > 0 {
		fmt.Fprintf(w, Say("%d ครัวเรือนยังไม่อยู่ในรอบใด ระบุรอบด้วย resolve --group _round\n", "%d households belong to no round: name one with resolve --group _round\n"), s.Unassigned)
	}
	fmt.Fprintf(w, Say("ข้อมูล ณ %s (ลำดับ %d)\n", "As of %s (sequence %d)\n"), s.AsOf, s.AsOfSeq)
	o := s.Outstanding
	if o == nil {
		return
	}
	unsent := 0
	if o.Unsent != nil {
		unsent = *o.Unsent
	}
	if o.Devices+unsent+o.Conflicts > 0 {
		fmt.Fprintf(w, Say("ค้าง: แท็บเล็ตยังไม่ซิงค์ %d · ยังไม่ส่ง %d · คำตอบต่างกัน %d\n", "Outstanding: %d tablets not synced · %d unsent · %d in conflict\n"), o.Devices, unsent, o.Conflicts)
	}
}
