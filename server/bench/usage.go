package bench

import (
	"fmt"
	"runtime"
	"time"
)

// Usage is what a process has used since it began, and holds now.
type Usage struct {
	CPUSeconds  float64 `json:"cpuSeconds"`    // user and system
	Resident    int64   `json:"residentBytes"` // octets of memory; the most that there was, where the system tells only that
	Goroutines  int     `json:"goroutines"`
	Descriptors int     `json:"descriptors"` // open files and sockets, on Windows handles; -1: the system does not tell
}

// ReadUsage is that of this process.
func ReadUsage() (Usage, error) {
	cpu, err := cpuTime()
	if err != nil {
		return Usage{}, fmt.Errorf("reading the used CPU time: %w", err)
	}
	resident, err := residentMemory()
	if err != nil {
		return Usage{}, fmt.Errorf("reading the used memory: %w", err)
	}
	return Usage{
		CPUSeconds:  cpu.Seconds(),
		Resident:    resident,
		Goroutines:  runtime.NumGoroutine(),
		Descriptors: openDescriptors(),
	}, nil
}

// readCPU is ReadUsage for the CPU time alone.
func readCPU() (time.Duration, error) {
	cpu, err := cpuTime()
	if err != nil {
		return 0, fmt.Errorf("reading the used CPU time: %w", err)
	}
	return cpu, nil
}
