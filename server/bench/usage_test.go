package bench

import (
	"os"
	"runtime"
	"testing"
)

func TestUsageGrowsWithUse(t *testing.T) {
	before, err := ReadUsage()
	if err != nil {
		t.Fatal(err)
	}
	if before.Resident < 1<<20 || before.Goroutines < 1 {
		t.Errorf("this process uses %+v", before)
	}
	memory := make([]byte, 64<<20)
	for i := 0; i < len(memory); i += 512 {
		memory[i] = 1
	}
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	stop := make(chan struct{})
	defer close(stop)
	const started = 100
	for range started {
		go func() { <-stop }()
	}
	after := before
	for after.CPUSeconds <= before.CPUSeconds { // its steps may be some milliseconds
		if after, err = ReadUsage(); err != nil {
			t.Fatal(err)
		}
	}
	// Of the goroutines some from before may have ended meanwhile.
	if after.Resident < before.Resident+32<<20 || after.Goroutines < before.Goroutines+started/2 {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if before.Descriptors >= 0 && after.Descriptors <= before.Descriptors {
		t.Errorf("%d descriptors before, %d after", before.Descriptors, after.Descriptors)
	}
	runtime.KeepAlive(memory)
}
