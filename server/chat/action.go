package chat

import (
	"redroom/server/client"
	"redroom/server/room"
)

// action is what a Model has done by others.
type action any

type (
	// follow reads a topic, from its last messages on.
	follow struct{ topic string }
	// leave reads it no longer.
	leave struct{ topic string }
	// send posts; what comes of it is a sent.
	send struct {
		topic string
		post  client.Post
	}
	// fetch asks for a page of a topic's log; it comes as a fetched.
	fetch struct {
		topic         string
		after, before int64
		anew          bool // in place of what is held
	}
	// markRead says that a topic was read.
	markRead struct {
		topic string
		seq   int64
	}
	// find looks for messages; they come as found.
	find struct{ query string }
	// calculate asks the server; what comes of it is a calculated.
	calculate struct {
		topic, command string // where it was written, and as what
		calculation
	}
	// redraw has the whole screen drawn.
	redraw struct{}
	// suspend gives the shell the terminal for a while.
	suspend struct{}
	// quit ends it all.
	quit struct{}
)

// What a Model is told, beside what comes of the terminal.
type (
	// events came together.
	events []any
	// frame is the room's state; see client.Config.
	frame struct {
		typ     string
		fields  []string
		payload []byte
	}
	// arrived is the next message of a topic that is followed.
	arrived struct {
		topic, epoch string
		message      room.Message
	}
	// anew says that the log of a topic is another one, which begins now.
	anew struct{ topic string }
	// ended says that a topic isn't followed any more.
	ended struct {
		topic string
		err   error
	}
	// sent is what came of a post.
	sent struct {
		topic, id string
		seq       int64
		err       error
	}
	// calculated is the answer.
	calculated struct {
		asked  calculate
		answer client.Calculated
		err    error
	}
	// fetched is a page.
	fetched struct {
		asked fetch
		part  part
		err   error
	}
	// found is what was found.
	found struct {
		query string
		hits  []hit
		err   error
	}
)

// hit is a message that was found.
type hit struct {
	Topic   string       `json:"topic"`
	Seq     int64        `json:"seq"`
	Author  string       `json:"author"`
	Time    int64        `json:"time"`
	Extract []room.Piece `json:"extract"`
}
