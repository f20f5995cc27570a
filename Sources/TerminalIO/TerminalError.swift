/// Why there can be no screen, phrased for the person who started the program.
package enum TerminalError: Error, Hashable, CustomStringConvertible {
  /// `stream` is a file or a pipe.
  case notATerminal(stream: String)
  /// The terminal cannot place its cursor, or says that it is none.
  case unsupported(term: String)
  /// ncurses gave up.
  case failed(term: String)

  package var description: String {
    switch self {
    case .notATerminal(let stream):
      """
      \(stream) is not a terminal, so there is no screen to draw on. Start octet from a terminal, \
      or use a command that needs none: see 'octet --help'.
      """
    case .unsupported(let term):
      (term.isEmpty ? "TERM is not set" : "TERM=\(term) cannot show full screens")
        + """
        . Set TERM to your terminal's name, for example 'TERM=xterm-256color octet', or use a \
        command that needs no screen: see 'octet --help'.
        """
    case .failed(let term):
      """
      The terminal could not be taken over as TERM=\(term). Try 'TERM=xterm-256color octet', or \
      use a command that needs no screen: see 'octet --help'.
      """
    }
  }
}
