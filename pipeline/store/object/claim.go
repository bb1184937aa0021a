package object

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"

	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
)

// A run renews its claim so often, and counts as dead when it has not for so long, by the clock of the server.
const (
	claimBeat = 15 * time.Second
	claimLife = 60 * time.Second
)

// A claim is what that object holds. It stays when no run is under way: a copy of the ledger is known by its ID.
//
//	claim is       and                          a run
//	not there                                   makes one, with a new ID
//	free                                        takes it
//	another run's  renewed less than 60 s ago   ends, and says whose it is
//	another run's  older, or of this folder     takes it: that run is dead
//	taken from us                               ends when it next writes to the ledger
type claim struct {
	V  int    `json:"v"`
	ID string `json:"id"`
	// Run is the run that writes; "" if none does. Home is the folder on its machine, Host and PID are for messages.
	Run  string `json:"run,omitempty"`
	Home string `json:"home,omitempty"`
	Host string `json:"host,omitempty"`
	PID  int    `json:"pid,omitempty"`
	// Beat counts how often it was renewed, so that no two objects are the same.
	Beat int `json:"beat"`
}

// A holder has taken the claim on a prefix or on a part of an input, or is about to.
type holder struct {
	in   *Bucket
	part store.Part
	home string // of the folder of the ledger's copy, which is locked
	run  string

	mu   sync.Mutex
	now  claim
	seen store.File // the object
	lost error      // another run has taken it

	quit chan struct{}
	done sync.WaitGroup
}

// nonce returns a word that nothing else has.
func nonce() string { return rand.Text() }

// take takes the claim.
func (h *holder) take(ctx context.Context) error {
	host, err := os.Hostname()
	if err != nil {
		host = "another machine"
	}
	h.run = nonce()
	for range 8 {
		c, seen, age, err := h.in.readClaim(ctx, h.part)
		if err != nil {
			return err
		}
		switch {
		case c.Run == h.run: // our PUT was done, and its answer lost
			h.now, h.seen = c, seen
			return nil
		case seen == store.File{}:
			c.ID = nonce()
		case c.Run != "" && c.Home != h.home && age < claimLife:
			return h.in.alive(c, age)
		}
		next := claim{V: 1, ID: c.ID, Run: h.run, Home: h.home, Host: host, PID: os.Getpid(), Beat: c.Beat + 1}
		now, err := h.in.writeClaim(ctx, h.part, next, seen)
		if isTrouble(err, changed) || isTrouble(err, noKey) {
			continue // somebody was faster
		}
		if err != nil {
			return h.in.unwritten(err)
		}
		h.now, h.seen = next, now
		return nil
	}
	return h.in.taken()
}

// alive is the error of a run beside one that lives.
func (b *Bucket) alive(c claim, age time.Duration) error {
	return &Error{kind: pipeline.ClassLocked, whole: true, err: fmt.Errorf(
		"another run of imgpipe (pid %d on %.60q) writes to %s, and was alive %v ago: expected it to end; "+
			"one that died is believed dead after %v", c.PID, c.Host, b.addr, age.Round(time.Second), claimLife),
		hint: "wait for it to end, or choose another place for the outputs"}
}

// isAlone returns an error if a run lives that keeps out this one: one of the whole keeps out parts, and each part one
// of the whole. Each looks after it took its own claim, so that one of two ends.
func (h *holder) isAlone(ctx context.Context) error {
	others := []store.Part{{}}
	if h.part.Whole() {
		var err error
		if others, err = h.in.Parts(ctx); err != nil {
			return err
		}
	}
	for _, p := range others {
		c, _, age, err := h.in.readClaim(ctx, p)
		if err != nil {
			return err
		}
		if c.Run != "" && age < claimLife {
			return h.in.alive(c, age)
		}
	}
	return nil
}

// taken is the error of a run whose claim another run has.
func (b *Bucket) taken() error {
	return &Error{kind: pipeline.ClassLocked, whole: true,
		err:  fmt.Errorf("another run of imgpipe has begun to write to %s, so this one ends", b.addr),
		hint: string(store.HintAgain)}
}

// heedsConditions returns an error unless the server heeds the conditions of PUTs, which alone keep two runs off each
// other. It writes the claim once more at most.
func (h *holder) heedsConditions(ctx context.Context) error {
	for _, seen := range []store.File{{}, {Kind: store.Regular, Version: "00000000000000000000000000000000"}} {
		_, err := h.in.writeClaim(ctx, h.part, h.now, seen)
		switch {
		case err == nil:
			return &Error{kind: pipeline.ClassNotWritable, whole: true, err: errors.New(
				"the object store does not heed the conditions If-None-Match and If-Match of PUTs, by which an " +
					"object is never replaced unseen: expected one that does, such as Amazon S3 or MinIO")}
		case !isTrouble(err, changed) && !isTrouble(err, noKey):
			return h.in.unwritten(err)
		}
	}
	return nil
}

// readClaim returns the claim, the object that has it, and how long ago that was written. All are zero where there is
// none.
func (b *Bucket) readClaim(ctx context.Context, p store.Part) (c claim, seen store.File, age time.Duration, err error) {
	ctx, cancel := b.within(ctx, 0)
	defer cancel()
	body, info, header, err := b.core.GetObject(ctx, b.addr.Bucket, b.key(claimName(p)), minio.GetObjectOptions{})
	if isTrouble(err, noKey) {
		return c, seen, 0, nil
	}
	if err != nil {
		return c, seen, 0, b.unwritten(err)
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, 64<<10))
	if err != nil {
		return c, seen, 0, b.unwritten(err)
	}
	if json.Unmarshal(text, &c) != nil || c.V != 1 || c.ID == "" {
		return c, seen, 0, b.foreign(claimName(p))
	}
	if now, err := http.ParseTime(header.Get("Date")); err == nil {
		age = max(now.Sub(info.LastModified), 0)
	}
	return c, store.File{Kind: store.Regular, Size: info.Size, Version: info.ETag}, age, nil
}

// foreign is the error of an object that has the name of one of ours.
func (b *Bucket) foreign(name string) error {
	return &Error{kind: pipeline.ClassLedger, whole: true,
		err:  fmt.Errorf("the object %s in %s is none that imgpipe wrote", name, b.addr),
		hint: "move it away, or choose another place for the outputs"}
}

// writeClaim writes the claim in place of the object that was seen, and returns what has it then.
func (b *Bucket) writeClaim(ctx context.Context, p store.Part, c claim, seen store.File) (store.File, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return store.File{}, err
	}
	ctx, cancel := b.within(ctx, 0)
	defer cancel()
	tag, err := b.put(ctx, claimName(p), text, seen, minio.PutObjectOptions{ContentType: "application/json"})
	return store.File{Kind: store.Regular, Size: int64(len(text)), Version: tag}, err
}

// keep renews the claim until release.
func (h *holder) keep() {
	h.quit = make(chan struct{})
	h.done.Go(func() {
		beat := time.NewTicker(claimBeat)
		defer beat.Stop()
		for {
			select {
			case <-beat.C:
				h.renew(context.Background())
			case <-h.quit:
				return
			}
		}
	})
}

// renew says that the run is alive. If the server cannot be reached, the next call may: nothing is lost by that, as
// each line of the ledger has its own condition.
func (h *holder) renew(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lost != nil {
		return
	}
	next := h.now
	next.Beat++
	now, err := h.in.writeClaim(ctx, h.part, next, h.seen)
	if err == nil {
		h.now, h.seen = next, now
		return
	}
	if !isTrouble(err, changed) && !isTrouble(err, noKey) {
		return
	}
	c, seen, _, err := h.in.readClaim(ctx, h.part)
	switch {
	case err != nil:
	case c.Run == h.run: // it was done, and the answer lost
		h.now, h.seen = c, seen
	default:
		h.lost = h.in.taken()
	}
}

// still returns an error once another run has the claim.
func (h *holder) still() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lost
}

// release leaves the claim to others. If that cannot be written, they wait until it is old.
func (h *holder) release(ctx context.Context) {
	if h.quit != nil {
		close(h.quit)
		h.done.Wait()
		h.quit = nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lost == nil {
		_, _ = h.in.writeClaim(ctx, h.part, claim{V: 1, ID: h.now.ID, Beat: h.now.Beat + 1}, h.seen)
		h.lost = h.in.taken()
	}
}
