package syncproto

// LastSave returns the save that wrote the newest answer of the record, by the
// order in which answers are displayed. False: the record has none.
func (r Record) LastSave() (Op, bool) {
	var last Op
	for i, op := range r.Ops {
		if i == 0 || r.compareTime(op.Dot, last.Dot) > 0 {
			last = op
		}
	}
	return last, len(r.Ops) > 0
}
