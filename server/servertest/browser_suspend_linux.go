package servertest

import "golang.org/x/sys/unix"

// Suspend stops the browser, all of its processes, as a computer does that goes
// to sleep. resume lets it go on.
func (p *Page) Suspend() (resume func()) {
	p.t.Helper()
	signal := func(s unix.Signal) {
		for pid := range processes(p.profile) {
			// One that ends by itself meanwhile was not the page's.
			_ = unix.Kill(pid, s)
		}
	}
	signal(unix.SIGSTOP)
	resume = func() { signal(unix.SIGCONT) }
	p.t.Cleanup(resume) // a browser that is stopped does not end
	return resume
}
