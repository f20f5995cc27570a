/// How every role looks.
package struct Theme: Hashable, Sendable {
  package var name: String
  /// One sentence for a list of themes.
  package var summary: String
  private var appearances: [Role: Appearance]

  init(name: String, summary: String, appearances: [Role: Appearance]) {
    self.name = name
    self.summary = summary
    self.appearances = appearances
  }

  /// How a style looks: its role, with the attributes the style adds.
  ///
  /// Raised, plain text looks like `popup`, and roles on the screen's ground stand on the box's.
  package func appearance(of style: Style) -> Appearance {
    let isRaised = style.attributes.contains(.raised)
    let role = isRaised && style.role == .plain ? .popup : style.role
    var appearance = appearances[role] ?? Appearance()
    if isRaised, appearance.background == ground(isRaised: false) {
      appearance.background = ground(isRaised: true)
    }
    appearance.attributes.formUnion(style.attributes.subtracting(.raised))
    return appearance
  }

  /// The background of the screen, or of boxes over it.
  package func ground(isRaised: Bool) -> TerminalColor {
    appearances[isRaised ? .popup : .plain]?.background ?? .standard
  }

  /// The terminal's own colours, with nothing assumed about its background: no black or white
  /// text, no dark blue. Needs no file.
  package static let builtIn = Theme(
    name: "default", summary: "The terminal's own colours",
    appearances: [
      .plain: Appearance(),
      .dim: Appearance(attributes: .dim),
      .accent: Appearance(foreground: .cyan),
      .title: Appearance(attributes: .bold),
      .header: Appearance(attributes: [.bold, .underline]),
      .border: Appearance(attributes: .dim),
      .focus: Appearance(foreground: .cyan),
      .selection: Appearance(attributes: .reverse),
      .inactiveSelection: Appearance(attributes: .bold),
      .mark: Appearance(foreground: .magenta, attributes: .bold),
      .key: Appearance(foreground: .cyan, attributes: .bold),
      .tab: Appearance(),
      .activeTab: Appearance(attributes: [.bold, .reverse]),
      .match: Appearance(attributes: [.bold, .underline]),
      .input: Appearance(),
      .popup: Appearance(),
      .good: Appearance(foreground: .green),
      .warning: Appearance(foreground: .yellow),
      .bad: Appearance(foreground: .red, attributes: .bold),
      .weights: Appearance(foreground: .magenta),
      .activation: Appearance(foreground: .cyan),
      .clipping: Appearance(foreground: .red),
      .rounding: Appearance(foreground: .yellow),
      .chart1: Appearance(foreground: .cyan),
      .chart2: Appearance(foreground: .magenta),
      .chart3: Appearance(foreground: .green),
      .chart4: Appearance(foreground: .yellow),
      .chart5: Appearance(foreground: .red),
      .chart6: Appearance(),
    ])
}

extension TerminalColor {
  fileprivate static let red = TerminalColor.indexed(1)
  fileprivate static let green = TerminalColor.indexed(2)
  fileprivate static let yellow = TerminalColor.indexed(3)
  fileprivate static let magenta = TerminalColor.indexed(5)
  fileprivate static let cyan = TerminalColor.indexed(6)
}
