package characteristics

import (
	"runtime"
	"sync"
)

// each does n things, some at a time, in blocks; whoever does them writes to
// the place of each alone, so that their order shows nowhere.
func each(n int, do func(from, to int)) {
	const block = 64
	var wait sync.WaitGroup
	next := make(chan int)
	for range min(runtime.GOMAXPROCS(0), (n+block-1)/block) {
		wait.Go(func() {
			for from := range next {
				do(from, min(from+block, n))
			}
		})
	}
	for from := 0; from < n; from += block {
		next <- from
	}
	close(next)
	wait.Wait()
}
