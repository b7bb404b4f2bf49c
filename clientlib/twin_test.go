package clientlib_test

import "testing"

// The moment after the office last looked at the copy: only the pulled record
// tells that there is a twin.
func TestTwinsThatSaveBetweenPushAndPullKeepBothAnswers(t *testing.T) {
	o := newOffice(t)
	a := o.enroll("a", tambon)
	id := a.household(village1, "1")
	a.calm()
	c := a.copyTo("copy", unnoticed)
	first := true
	c.way.before = beforePath("pull", func() {
		if !first {
			return
		}
		first = false
		a.answer(id, "moo", 2)
		a.calm()
		c.answer(id, "moo", 3)
	})
	c.sync()
	c.way.before = nil
	settle(a, c)
	rec := o.record(id).Record
	t.Logf("office: %v", rec.Groups["moo"])
	if n := len(rec.Distinct("moo")); n != 2 {
		t.Errorf("the office holds %d answers, want both", n)
	}
}
