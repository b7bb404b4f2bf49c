package clientlib_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"tambonsync/clientlib"
	"tambonsync/server"
	"tambonsync/server/store"
	"tambonsync/syncproto/area"
)

// A tablet is enrolled, saves an answer without a network, and syncs. The
// second tablet of the tambon then has the answer too.
func ExampleStore() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	office := startOffice(ctx, filepath.Join(dir, "office"))
	defer office.stop()

	first, err := clientlib.Create(ctx, filepath.Join(dir, "first.db"), clientlib.Options{App: "example/1"})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = first.Close() }()
	err = first.Enroll(ctx, clientlib.Enrollment{Server: office.url, Code: office.invite("สมหญิง", "450303"), Name: "แท็บเล็ต 1"})
	if err != nil {
		log.Fatal(err)
	}
	house, err := first.Save(ctx, clientlib.Edit{
		Type: "household", Area: "45030301",
		Values: map[string]any{"house_no": "12/3", "happiness": 8},
	})
	if err != nil {
		log.Fatal(err)
	}
	res, err := first.Sync(ctx, nil)
	if err != nil {
		log.Fatal(err) // nothing is lost: sync again later
	}
	fmt.Printf("first tablet: pushed %d, pulled %d, unsent %d\n", res.Pushed, res.Pulled, res.Unsent)

	second, err := clientlib.Create(ctx, filepath.Join(dir, "second.db"), clientlib.Options{App: "example/1"})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = second.Close() }()
	err = second.Enroll(ctx, clientlib.Enrollment{Server: office.url, Code: office.invite("สมชาย", "450303"), Name: "แท็บเล็ต 2"})
	if err != nil {
		log.Fatal(err)
	}
	if res, err = second.Sync(ctx, nil); err != nil {
		log.Fatal(err)
	}
	item, err := second.Get(ctx, house.ID)
	if err != nil {
		log.Fatal(err)
	}
	answers, err := clientlib.Answers(nil, item.Record)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("second tablet: pulled %d: house %v, happiness %v, by %s\n", res.Pulled, answers["house_no"], answers["happiness"], item.Record.Ops[0].User)
	// Output:
	// first tablet: pushed 1, pulled 0, unsent 0
	// second tablet: pulled 1: house 12/3, happiness 8, by สมหญิง
}

// exampleOffice is a district office as cmd/tambonsync runs it, in short.
type exampleOffice struct {
	url    string
	invite func(officer string, tambon area.Code) (code string)
	stop   func()
}

func startOffice(ctx context.Context, dir string) exampleOffice {
	if err := store.Create(ctx, dir, "อำเภอเกษตรวิสัย", rand.Reader); err != nil {
		log.Fatal(err)
	}
	st, err := store.Open(ctx, dir)
	if err != nil {
		log.Fatal(err)
	}
	who, err := st.Office(ctx)
	if err != nil {
		log.Fatal(err)
	}
	s, err := server.New(ctx, server.Config{Store: st, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		log.Fatal(err)
	}
	ts := httptest.NewServer(s.Handler())
	return exampleOffice{
		url: ts.URL,
		invite: func(officer string, tambon area.Code) string {
			ticket, err := server.NewInvitation(who, officer, []area.Code{tambon}, 0, rand.Reader, time.Now(), ts.URL)
			if err != nil {
				log.Fatal(err)
			}
			if err := st.AddInvitation(ctx, ticket.Invitation); err != nil {
				log.Fatal(err)
			}
			return ticket.Code
		},
		stop: func() {
			ts.Close()
			_ = st.Close()
		},
	}
}
