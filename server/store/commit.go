package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync"

	"tambonsync/server"
	"tambonsync/syncproto"
)

// maxBatch bounds how many records share one commit, so that the first push of
// a batch does not wait long for the last.
const maxBatch = 4000

// committer lets concurrent pushes share one commit. There is no goroutine of
// its own: the first push that finds nobody at work runs the transaction for
// all that queued up, and hands the next batch to the first of those who came
// meanwhile.
type committer struct {
	mu    sync.Mutex
	busy  bool
	queue []*pushJob
}

type pushJob struct {
	push server.Push
	resp syncproto.PushResponse
	err  error
	lead chan struct{} // closed: run the next batch
	done chan struct{} // closed: resp and err are set
}

// Push stores one chunk. It returns when the chunk is on disk.
func (s *Store) Push(ctx context.Context, p server.Push) (syncproto.PushResponse, error) {
	if err := ctx.Err(); err != nil {
		return syncproto.PushResponse{}, err
	}
	j := &pushJob{push: p, lead: make(chan struct{}), done: make(chan struct{})}
	if s.commit.enter(j) {
		select {
		case <-j.done:
			return j.resp, j.err
		case <-j.lead:
		}
	}
	s.lead(ctx)
	return j.resp, j.err
}

// lead runs one batch, the caller's push and those behind it. Should a caller's
// function panic in it, the others are told to come again.
func (s *Store) lead(ctx context.Context) {
	batch, ended := s.commit.take(), false
	defer func() {
		for _, b := range batch {
			if !ended {
				b.resp, b.err = syncproto.PushResponse{}, fmt.Errorf("commit interrupted: %w", server.ErrBusy)
			}
			close(b.done)
		}
		s.commit.leave()
	}()
	s.runBatch(context.WithoutCancel(ctx), batch)
	ended = true
}

// enter queues j and reports whether somebody else is at work.
func (c *committer) enter(j *pushJob) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue = append(c.queue, j)
	if c.busy {
		return true
	}
	c.busy = true
	return false
}

// take removes the next batch. The caller's own job is at its head.
func (c *committer) take() []*pushJob {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, records := 0, 0
	for n < len(c.queue) && (n == 0 || records+len(c.queue[n].push.Records) <= maxBatch) {
		records += len(c.queue[n].push.Records)
		n++
	}
	batch := c.queue[:n:n]
	c.queue = c.queue[n:]
	return batch
}

func (c *committer) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) > 0 {
		close(c.queue[0].lead)
		return
	}
	c.busy, c.queue = false, nil
}

// runBatch stores the jobs in one transaction. If that fails, each is tried
// alone, so that one chunk that the database refuses does not fail the others.
func (s *Store) runBatch(ctx context.Context, jobs []*pushJob) {
	if err := s.tryBatch(ctx, jobs); err == nil {
		return
	} else if len(jobs) == 1 {
		jobs[0].resp, jobs[0].err = syncproto.PushResponse{}, err
		return
	}
	for _, j := range jobs {
		j.resp, j.err = syncproto.PushResponse{}, nil
		if err := s.tryBatch(ctx, []*pushJob{j}); err != nil {
			j.resp, j.err = syncproto.PushResponse{}, err
		}
	}
}

func (s *Store) tryBatch(ctx context.Context, jobs []*pushJob) error {
	kept := 0
	err := s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		b := newBatch(ctx, tx, s.office)
		for _, j := range jobs {
			j.resp, j.err = b.push(j.push)
			if j.err != nil && !isRefusal(j.err) {
				return j.err
			}
		}
		kept = b.changed()
		return b.flush()
	})
	if err != nil {
		return err
	}
	s.stats.pushes.Add(int64(len(jobs)))
	s.stats.kept.Add(int64(kept))
	return nil
}
