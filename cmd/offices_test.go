package cmd_test

import "sync"

// offices are those that running scripts have opened, by their work folder:
// scripts run side by side.
var offices officeList

type officeList struct {
	mu sync.Mutex
	by map[string]*office
}

func (l *officeList) put(work string, o *office) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by == nil {
		l.by = map[string]*office{}
	}
	l.by[work] = o
}

func (l *officeList) take(work string) *office {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.by[work]
}
