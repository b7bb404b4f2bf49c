package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// mutant is a bug that a careful person might write.
type mutant struct {
	name  string // of its file in testdata/mutants, without .txt
	why   string
	edits []edit
}

// edit replaces old, which stands in the file exactly once.
type edit struct {
	file     string
	old, new string
}

// load reads the mutants of a folder, sorted by name.
func load(dir string) ([]mutant, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	var out []mutant
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			return nil, err
		}
		m, err := parse(string(b))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		m.name = strings.TrimSuffix(filepath.Base(p), ".txt")
		out = append(out, m)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no mutants in %s", dir)
	}
	return out, nil
}

// parse reads one mutant: sentences that say why the bug is plausible, then
// for each edit the lines "-- old FILE --", the old text, "-- new --" and the
// new text.
func parse(text string) (mutant, error) {
	var m mutant
	part := &m.why
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := lines.Text()
		file, isOld := strings.CutPrefix(line, "-- old ")
		switch {
		case isOld:
			m.edits = append(m.edits, edit{file: strings.TrimSuffix(file, " --")})
			part = &m.edits[len(m.edits)-1].old
		case line == "-- new --":
			if len(m.edits) == 0 {
				return m, errors.New("new text before the old one")
			}
			part = &m.edits[len(m.edits)-1].new
		default:
			*part += line + "\n"
		}
	}
	m.why = strings.TrimSpace(m.why)
	if m.why == "" || len(m.edits) == 0 {
		return m, errors.New("want a reason and at least one edit")
	}
	return m, lines.Err()
}

// overlay writes the mutated files into dir and the list that go build reads,
// and returns the path of the list. Nothing in the tree is touched.
func (m mutant) overlay(root, dir string) (string, error) {
	text := map[string]string{}
	for _, e := range m.edits {
		path := filepath.Join(root, filepath.FromSlash(e.file))
		if _, ok := text[path]; !ok {
			b, err := os.ReadFile(path)
			if err != nil {
				return "", err
			}
			text[path] = string(b)
		}
		if n := strings.Count(text[path], e.old); n != 1 {
			return "", fmt.Errorf("the old text stands %d times in %s, want once:\n%s", n, e.file, e.old)
		}
		text[path] = strings.Replace(text[path], e.old, e.new, 1)
	}
	replace := map[string]string{}
	for path, mutated := range text {
		to := filepath.Join(dir, fmt.Sprintf("%s-%d.go", m.name, len(replace)))
		if err := os.WriteFile(to, []byte(mutated), 0o600); err != nil {
			return "", err
		}
		replace[path] = to
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	list := filepath.Join(dir, m.name+".json")
	return list, os.WriteFile(list, b, 0o600)
}

// verdict is what the simulation found of a mutant.
type verdict struct {
	mutant
	check string // that caught it, "" if it survived
	seeds []int  // for each start: histories until it was caught
	took  time.Duration
}

// median of the seeds needed; a start at which it survived counts as more than
// all that were tried.
func (v verdict) median() int {
	s := slices.Sorted(slices.Values(v.seeds))
	return s[len(s)/2]
}

// start is how far apart the first seeds of the starts are.
const start = 100_000

// try builds the simulation with the mutant and plays histories from each of
// the starts until one fails.
func (m mutant) try(ctx context.Context, root, dir string, starts, limit int) (verdict, error) {
	begun := time.Now()
	v := verdict{mutant: m}
	list, err := m.overlay(root, dir)
	if err != nil {
		return v, fmt.Errorf("mutant %s: %w", m.name, err)
	}
	program := filepath.Join(dir, "tambonsim-"+m.name)
	build := exec.CommandContext(ctx, "go", "build", "-overlay", list, "-o", program, "./cmd/tambonsim")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return v, fmt.Errorf("mutant %s does not build: %w\n%s", m.name, err, out)
	}
	defer func() { _ = os.Remove(program) }()
	for i := range starts {
		from := 1 + i*start
		out, err := exec.CommandContext(ctx, program, "-histories", strconv.Itoa(limit), "-from", strconv.Itoa(from)).CombinedOutput()
		found := broken.FindSubmatch(out)
		switch {
		case ctx.Err() != nil:
			return v, ctx.Err()
		case err == nil:
			v.seeds = append(v.seeds, limit+1)
			continue
		case found == nil:
			return v, fmt.Errorf("mutant %s: %w\n%s", m.name, err, out)
		}
		seed, err := strconv.Atoi(string(found[2]))
		if err != nil {
			return v, err
		}
		if v.check == "" {
			v.check = string(found[1])
		}
		v.seeds = append(v.seeds, seed-from+1)
	}
	v.took = time.Since(begun)
	return v, nil
}

var broken = regexp.MustCompile(`(?m)^BROKEN (.*)\n  seed (\d+),`)

// table writes the verdicts in Markdown.
func table(verdicts []verdict) string {
	var b strings.Builder
	b.WriteString("| mutant | caught by | histories needed | the bug |\n|---|---|---|---|\n")
	for _, v := range verdicts {
		check, needed := v.check, strconv.Itoa(v.median())
		if check == "" {
			check, needed = "**survived**", "–"
		}
		if len(v.seeds) > 1 {
			needed += fmt.Sprintf(" (%s)", strings.Trim(fmt.Sprint(v.seeds), "[]"))
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", v.name, check, needed, strings.Join(strings.Fields(v.why), " "))
	}
	return b.String()
}
