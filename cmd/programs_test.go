// Package cmd_test runs the two programs as their users do: built, started as
// processes, typed at, and killed.
package cmd_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// bin is the folder with the built programs.
var bin string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "tambonsync-bin-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	out, err := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "./tambonsync", "./tambonfield").CombinedOutput()
	if err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	bin = dir
	return m.Run()
}

// TestScenarios types the scripts of testdata/scenarios. Besides testscript's
// own words they know: `office D` serves the data folder D and sets OFFICE to
// its address, `office D same` serves it at the address of the last one;
// `close` stops the office; `set NAME PATH` puts the value at PATH of the last command's JSON, such as
// admin.user or 0.id, into $NAME; `want PATH JSON` compares.
func TestScenarios(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("..", "testdata", "scenarios"),
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Setenv("TAMBONSYNC_LANG", "en")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"office": cmdOffice,
			"close":  cmdClose,
			"set":    cmdSet,
			"want":   cmdWant,
		},
	})
}

// office is a served data folder.
type office struct {
	cmd *exec.Cmd
	url string
}

// startOffice serves the data folder and waits until it answers.
func startOffice(data, addr string) (*office, error) {
	if addr == "" {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		addr = ln.Addr().String()
		if err := ln.Close(); err != nil {
			return nil, err
		}
	}
	o := &office{url: "http://" + addr}
	o.cmd = exec.Command(filepath.Join(bin, "tambonsync"), "serve", "--data", data, "--listen", addr)
	log := &strings.Builder{}
	o.cmd.Stderr = log
	if err := o.cmd.Start(); err != nil {
		return nil, err
	}
	for range 400 {
		resp, err := http.Get(o.url + "/healthz")
		if err == nil {
			_ = resp.Body.Close()
			return o, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	_ = o.cmd.Process.Kill()
	_ = o.cmd.Wait()
	return nil, fmt.Errorf("the office at %s does not answer: %s", addr, log)
}

func (o *office) kill() { _ = o.cmd.Process.Kill(); _ = o.cmd.Wait() }

// stop ends the office as an administrator would, and wants it to go well.
func (o *office) stop() error {
	if err := o.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return o.cmd.Wait()
}

func cmdOffice(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 && (len(args) != 2 || args[1] != "same") {
		ts.Fatalf("usage: office DATA [same]")
	}
	addr := ""
	if len(args) == 2 {
		addr = strings.TrimPrefix(ts.Getenv("OFFICE"), "http://")
	}
	o, err := startOffice(ts.MkAbs(args[0]), addr)
	ts.Check(err)
	ts.Setenv("OFFICE", o.url)
	ts.Defer(o.kill)
	offices.put(ts.Getenv("WORK"), o)
}

func cmdClose(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: close")
	}
	ts.Check(offices.take(ts.Getenv("WORK")).stop())
}

func cmdSet(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: set NAME PATH")
	}
	v := lookup(ts, args[1])
	s, ok := v.(string)
	if !ok {
		s = encode(v)
	}
	ts.Setenv(args[0], s)
}

func cmdWant(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: want PATH JSON")
	}
	var want any
	if err := json.Unmarshal([]byte(args[1]), &want); err != nil {
		ts.Fatalf("want %s: %v", args[1], err)
	}
	got := encode(lookup(ts, args[0]))
	if (got == encode(want)) == neg {
		ts.Fatalf("%s is %s, want %s", args[0], got, args[1])
	}
}

// lookup finds a value in the JSON that the last command printed; a list's
// length is at PATH.length.
func lookup(ts *testscript.TestScript, path string) any {
	var v any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &v); err != nil {
		ts.Fatalf("the last command printed no JSON: %v", err)
	}
	if path == "." {
		return v
	}
	for _, key := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[key]
			if key == "length" {
				v = len(x)
			}
		case []any:
			if key == "length" {
				v = len(x)
				continue
			}
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil || i < 0 || i >= len(x) {
				ts.Fatalf("%s: no item %s in a list of %d", path, key, len(x))
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// tell runs a program with input and returns what it prints.
func tell(ctx context.Context, t *testing.T, input, program string, args ...string) []byte {
	t.Helper()
	c := exec.CommandContext(ctx, filepath.Join(bin, program), args...)
	c.Stdin = strings.NewReader(input)
	c.Env = append(os.Environ(), "TAMBONSYNC_LANG=en")
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, stderr.String())
	}
	return out
}

func decode[T any](t *testing.T, b []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return v
}
