// SPDX-License-Identifier: Apache-2.0

// The peer of bench/log: tessera's POSIX storage, in process, without antispam.
// A closed loop of as many workers as the window; latency is from Add until the
// index is durably assigned and integrated. Prints: entries/s, p50 and p99 in ms.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"sort"
	"strconv"
	"sync"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	klog.LogToStderr(false)
	klog.SetOutput(os.Stderr)
	dir := os.Args[1]
	window, err := strconv.Atoi(os.Args[2])
	must(err)
	seconds, err := strconv.ParseFloat(os.Args[3], 64)
	must(err)
	size, err := strconv.Atoi(os.Args[4])
	must(err)

	ctx := context.Background()
	driver, err := posix.New(ctx, posix.Config{Path: dir})
	must(err)
	key, _, err := note.GenerateKey(rand.Reader, "bench.example")
	must(err)
	signer, err := note.NewSigner(key)
	must(err)
	batch := max(1, window/2)
	opts := tessera.NewAppendOptions().WithCheckpointSigner(signer).
		WithBatching(uint(batch), 20*time.Millisecond).WithPushback(uint(4*window + 1024)).
		WithCheckpointInterval(time.Second)
	appender, shutdown, _, err := tessera.NewAppender(ctx, driver, opts)
	must(err)

	var mu sync.Mutex
	var all []time.Duration
	var wait sync.WaitGroup
	start := time.Now()
	end := start.Add(time.Duration(seconds * float64(time.Second)))
	for w := 0; w < window; w++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			var mine []time.Duration
			entry := make([]byte, size)
			rand.Read(entry)
			for i := 0; time.Now().Before(end); i++ {
				begin := time.Now()
				copy(entry, fmt.Sprintf("%d %d", w, i))
				_, err := appender.Add(ctx, tessera.NewEntry(append([]byte{}, entry...)))()
				must(err)
				mine = append(mine, time.Since(begin))
			}
			mu.Lock()
			all = append(all, mine...)
			mu.Unlock()
		}()
	}
	wait.Wait()
	took := time.Since(start).Seconds()
	must(shutdown(ctx))
	sort.Slice(all, func(i, k int) bool { return all[i] < all[k] })
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	fmt.Printf("%.0f %.2f %.2f\n", float64(len(all))/took, ms(all[len(all)/2]), ms(all[len(all)*99/100]))
}
