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

  /// How a style looks: its role, with the attributes the style adds. Adding reverse to a role
  /// that is reversed already leaves it so.
  package func appearance(of style: Style) -> Appearance {
    var appearance = appearances[style.role] ?? appearances[.plain] ?? Appearance()
    appearance.attributes.formUnion(style.attributes)
    return appearance
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
