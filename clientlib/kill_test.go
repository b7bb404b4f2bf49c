package clientlib_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"tambonsync/clientlib"
	"tambonsync/syncproto"
)

// When this variable names a store, the test program is a tablet that saves
// into it until it is killed, and says what was saved. See TestMain.
const killedStore = "TAMBONSYNC_TEST_SAVE_INTO"

func TestMain(m *testing.M) {
	if path := os.Getenv(killedStore); path != "" {
		if err := saveUntilKilled(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// saveUntilKilled prints a line for each save that has returned: the record
// and its answer.
func saveUntilKilled(path string) error {
	s, err := clientlib.Open(context.Background(), path, clientlib.Options{App: "killed/1"})
	if err != nil {
		return err
	}
	var last syncproto.RecordID
	for n := 1; ; n++ {
		e := clientlib.Edit{Type: "household", Area: village1, Values: map[string]any{"happiness": n}}
		if n%3 == 0 { // and now and then a second answer
			e = clientlib.Edit{ID: last, Values: map[string]any{"happiness": n}}
		}
		r, err := s.Save(context.Background(), e)
		if err != nil {
			return err
		}
		last = r.ID
		fmt.Println(r.ID, n)
	}
}

func TestASaveThatReturnedSurvivesKillNine(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, witness := o.enroll("a", tambon), o.enroll("witness", tambon)
	a.calm()
	actor := a.status().Actor
	saved := map[syncproto.RecordID]int64{}
	const kills = 12
	for k := range kills {
		a.close()
		got := killedWhileSaving(t, a.path, rand.N(80*time.Millisecond))
		for id, n := range got {
			saved[id] = n
		}
		a.open()
		a.checkTables()
		for id, n := range saved {
			// the save whose line was not printed may be there as well
			if have := a.answers(id)["happiness"].(int64); have != n && have != n+1 {
				t.Errorf("kill %d: record %s says %d, and %d was saved", k, id, have, n)
			}
		}
		if k%4 == 3 {
			a.calm()
			wantLevel(o, a)
		}
	}
	if len(saved) < kills {
		t.Errorf("only %d records were saved", len(saved))
	}
	wantEqual(t, "actor", a.status().Actor, actor)
	a.calm()
	witness.calm()
	wantLevel(o, a, witness)
}

// killedWhileSaving starts a tablet on the store, kills it some time after its
// first save, and returns what it said it had saved.
func killedWhileSaving(t *testing.T, path string, after time.Duration) map[syncproto.RecordID]int64 {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), killedStore+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	saved := map[syncproto.RecordID]int64{}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if len(saved) == 0 {
			time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		}
		id, n, ok := strings.Cut(lines.Text(), " ")
		rec, err := syncproto.ParseRecordID(id)
		var count int64
		if _, serr := fmt.Sscan(n, &count); err != nil || serr != nil || !ok {
			t.Errorf("line %q", lines.Text())
			continue
		}
		saved[rec] = count
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the program ended by itself")
	}
	return saved
}
