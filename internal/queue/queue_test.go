package queue_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portent-cti/portent/internal/queue"
)

// suite is what every Queue keeps; each implementation runs it.
func suite(t *testing.T, open func() queue.Queue) {
	t.Run("a job is delivered once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			q := open()
			ctx, stop := context.WithCancel(context.Background())
			jobs := []queue.Job{{Stage: "a", Key: "1"}, {Stage: "a", Key: "2"}, {Stage: "b", Key: "1"}, {Stage: "a", Key: "1"}}
			if err := q.Push(ctx, jobs...); err != nil {
				t.Fatal(err)
			}
			var got []queue.Job
			go q.Work(ctx, 10, func(_ context.Context, some []queue.Job) error {
				for _, j := range some {
					if j.Stage != some[0].Stage {
						t.Errorf("stages mixed in %v", some)
					}
				}
				got = append(got, some...)
				return nil
			})
			synctest.Wait()
			stop()
			synctest.Wait()
			if want := jobs[:3]; !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	})
	t.Run("a failed job comes again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			q := open()
			ctx, stop := context.WithCancel(context.Background())
			tries := 0
			go q.Work(ctx, 1, func(context.Context, []queue.Job) error {
				if tries++; tries < 3 {
					return errors.New("not yet")
				}
				return nil
			})
			if err := q.Push(ctx, queue.Job{Stage: "a"}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			stop()
			synctest.Wait()
			if tries != 3 {
				t.Errorf("tried %d times, want 3", tries)
			}
		})
	})
	t.Run("a job pushed while it is worked on comes again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			q := open()
			ctx, stop := context.WithCancel(context.Background())
			var n, at atomic.Int32
			for range 2 {
				go q.Work(ctx, 1, func(ctx context.Context, _ []queue.Job) error {
					if at.Add(1) > 1 {
						t.Error("the same job is with two workers")
					}
					defer at.Add(-1)
					if n.Add(1) == 1 {
						return q.Push(ctx, queue.Job{Stage: "a"})
					}
					return nil
				})
			}
			if err := q.Push(ctx, queue.Job{Stage: "a"}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			stop()
			synctest.Wait()
			if n.Load() != 2 {
				t.Errorf("delivered %d times, want 2", n.Load())
			}
		})
	})
	t.Run("workers share the jobs and end with the context", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			q := open()
			ctx, stop := context.WithCancel(context.Background())
			var n atomic.Int32
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					err := q.Work(ctx, 3, func(_ context.Context, jobs []queue.Job) error {
						n.Add(int32(len(jobs)))
						return nil
					})
					if !errors.Is(err, context.Canceled) {
						t.Errorf("work ended with %v", err)
					}
				})
			}
			for i := range 100 {
				if err := q.Push(ctx, queue.Job{Stage: "a", Key: string(rune('A' + i))}); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
			stop()
			wg.Wait()
			if n.Load() != 100 {
				t.Errorf("%d jobs done, want 100", n.Load())
			}
		})
	})
}

func TestMemoryKeepsTheContractOfQueues(t *testing.T) {
	suite(t, func() queue.Queue { return queue.NewMemory() })
}
