package main

import "maps"

// knownServers are the pins of the CAs of servers that redroom discover has
// connected to, by HOST:PORT: whom to trust there if no flag says it.
type knownServers map[string]knownServer

type knownServer struct {
	Pin string `json:"pin"` // SHA-256 in hex
}

var knownFile = keptFile{"servers", "compare the pins in it with what redroom serve prints there", "find them again with redroom discover"}

// readKnownServers reads the file, which need not be there.
func readKnownServers() (knownServers, error) {
	k := knownServers{}
	return k, knownFile.read(&k)
}

// keep adds one, and replaces the file.
func (k knownServers) keep(at, pin string) error {
	k[at] = knownServer{pin}
	return knownFile.write(k)
}

// forget takes one out, and replaces the file.
func (k knownServers) forget(at string) error {
	delete(k, at)
	return knownFile.write(k)
}

// hasPin tells whether a server with this pin is known, wherever it was.
func (k knownServers) hasPin(pin string) bool {
	for known := range maps.Values(k) {
		if known.Pin == pin {
			return true
		}
	}
	return false
}
