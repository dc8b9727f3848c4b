package main

import (
	"fmt"
	"io"
	"sync"

	"redroom/server/client"
)

// outage is why a client has no connection.
type outage struct {
	out io.Writer // where it is told, once, as is its end; nil: nowhere

	mu  sync.Mutex
	err error // nil: there is none
}

// note is a client's OnState.
func (o *outage) note(s client.State) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case s.Phase == client.Waiting:
		if o.err == nil {
			o.tell(fmt.Sprintf("no connection: %s; trying again", oneLine(s.Err)))
		}
		o.err = s.Err
	case s.Phase == client.Open && o.err != nil:
		o.tell("connected again")
		o.err = nil
	}
}

func (o *outage) tell(what string) {
	if o.out != nil {
		fmt.Fprintln(o.out, "redroom: "+what)
	}
}

// why is it in brackets; "": there is none.
func (o *outage) why() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		return ""
	}
	return fmt.Sprintf(" (%v)", o.err)
}
