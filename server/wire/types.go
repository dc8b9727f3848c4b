package wire

// The frame types of the protocol (sections 2 to 6).
const (
	TypeAck      = "ACK"
	TypeAttach   = "ATTACH"
	TypeBind     = "BIND"
	TypeBye      = "BYE"
	TypeCalc     = "CALC"
	TypeDeal     = "DEAL"
	TypeErr      = "ERR"
	TypeHead     = "HEAD"
	TypeHello    = "HELLO"
	TypeJoin     = "JOIN"
	TypeLeave    = "LEAVE"
	TypeMessage  = "MESSAGE"
	TypePass     = "PASS"
	TypePing     = "PING"
	TypePong     = "PONG"
	TypePost     = "POST"
	TypePresence = "PRESENCE"
	TypeQuery    = "QUERY"
	TypeRead     = "READ"
	TypeResult   = "RESULT"
	TypeTicket   = "TICKET"
	TypeToken    = "TOKEN"
	TypeTopic    = "TOPIC"
	TypeTyping   = "TYPING"
	TypeUnread   = "UNREAD"
	TypeUser     = "USER"
	TypeWatch    = "WATCH"
)

// intern gives the type's name without allocating it anew if it is known.
func intern(typ []byte) string {
	switch string(typ) {
	case TypeMessage:
		return TypeMessage
	case TypePost:
		return TypePost
	case TypeAck:
		return TypeAck
	case TypeRead:
		return TypeRead
	case TypeUnread:
		return TypeUnread
	case TypePresence:
		return TypePresence
	case TypeTyping:
		return TypeTyping
	case TypePing:
		return TypePing
	case TypePong:
		return TypePong
	case TypeErr:
		return TypeErr
	case TypeJoin:
		return TypeJoin
	case TypeHead:
		return TypeHead
	case TypeTopic:
		return TypeTopic
	case TypeDeal:
		return TypeDeal
	case TypeCalc:
		return TypeCalc
	case TypeResult:
		return TypeResult
	case TypeToken:
		return TypeToken
	case TypeUser:
		return TypeUser
	case TypePass:
		return TypePass
	case TypeWatch:
		return TypeWatch
	case TypeBye:
		return TypeBye
	case TypeAttach:
		return TypeAttach
	case TypeBind:
		return TypeBind
	case TypeHello:
		return TypeHello
	case TypeLeave:
		return TypeLeave
	case TypeQuery:
		return TypeQuery
	case TypeTicket:
		return TypeTicket
	}
	return string(typ)
}
