package load

import "redroom/server/room"

// Share is what one user, or one address, may take. 0 is no limit.
type Share struct {
	Sessions    int
	Channels    int
	Connections int // TCP and QUIC

	Posts      Rate // POST
	PostOctets Rate // their payloads
	Requests   Rate // of HTTP
	Typing     Rate // TYPING

	Frames Rate // paced, not refused
	Input  Rate // octets of payloads; paced, not refused
	Output Rate // octets of messages; paced, not refused

	Underway int64 // octets of posts on their way to the log, with room.PostWeight for each
}

// Limits are those of a server.
type Limits struct {
	User    Share // of connections there is none, since they belong to nobody
	Address Share // of posts under way there is none

	Sessions    int // of everybody
	Unsigned    int // of these, those that have not signed in
	Connections int // of everybody
}

// Defaults are the limits of package room.
func Defaults() Limits {
	user := Share{
		Sessions:   room.UserSessions,
		Channels:   room.UserChannels,
		Posts:      Rate{room.PostRate, room.PostBurst},
		PostOctets: Rate{room.PostOctetRate, room.PostOctetBurst},
		Requests:   Rate{room.RequestRate, room.RequestBurst},
		Typing:     Rate{room.TypingRate, room.TypingBurst},
		Frames:     Rate{room.FrameRate, room.FrameBurst},
		Input:      Rate{room.InputRate, room.InputBurst},
		Output:     Rate{room.OutputRate, room.OutputBurst},
		Underway:   room.UserUnderway,
	}
	return Limits{
		User: user,
		Address: Share{
			Sessions:    room.AddressSessions,
			Channels:    user.Channels * room.AddressTimes,
			Connections: room.AddressConnections,
			Posts:       user.Posts.times(room.AddressTimes),
			PostOctets:  user.PostOctets.times(room.AddressTimes),
			Requests:    user.Requests.times(room.AddressTimes),
			Typing:      user.Typing.times(room.AddressTimes),
			Frames:      user.Frames.times(room.AddressTimes),
			Input:       user.Input.times(room.AddressTimes),
			Output:      user.Output.times(room.AddressTimes),
		},
		Sessions:    room.ServerSessions,
		Unsigned:    room.ServerUnsigned,
		Connections: room.ServerConnections,
	}
}

// WithPosts are the limits with so many posts a second of a user, in proportion
// to which are the octets, and those of addresses; 0: posts are not limited.
func (l Limits) WithPosts(perSecond float64) Limits {
	by := perSecond / l.User.Posts.PerSecond
	for _, s := range []*Share{&l.User, &l.Address} {
		s.Posts, s.PostOctets = s.Posts.times(by), s.PostOctets.times(by)
		if by == 0 || by > 1 { // they are paced together with all that comes in
			s.Frames, s.Input, s.Output = s.Frames.times(by), s.Input.times(by), s.Output.times(by)
		}
	}
	return l
}
