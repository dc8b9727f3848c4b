package servertest

import (
	"github.com/quic-go/quic-go/qlog"
	"github.com/quic-go/quic-go/qlogwriter"
)

// frameTrace is called with the frames of each packet that a QUIC connection
// receives, in their order.
type frameTrace func(frames []qlog.Frame)

func (see frameTrace) AddProducer() qlogwriter.Recorder { return see }

func (see frameTrace) SupportsSchemas(string) bool { return false }

func (see frameTrace) Close() error { return nil }

// RecordEvent is called with whatever happens on the connection.
func (see frameTrace) RecordEvent(event qlogwriter.Event) {
	if packet, ok := event.(qlog.PacketReceived); ok {
		see(packet.Frames)
	}
}
