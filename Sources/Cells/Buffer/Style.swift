/// What a cell means. A theme decides how each role looks; code never names a colour.
///
/// The raw value is the role's key in a theme file.
package enum Role: String, CaseIterable, Hashable, Sendable {
  case plain
  case dim
  case accent
  case title
  case header
  case border
  /// The border of the pane that has the keyboard.
  case focus
  case selection
  /// The selected row of a pane without the keyboard.
  case inactiveSelection = "inactive-selection"
  case mark
  case key
  case tab
  case activeTab = "active-tab"
  /// Text that a filter found.
  case match
  case input
  case popup
  case good
  case warning
  case bad
  case weights
  case activation
  /// Values outside the clipping range, and the range's bounds.
  case clipping
  case rounding
  case chart1
  case chart2
  case chart3
  case chart4
  case chart5
  case chart6

  /// Stands for the role in ``CellBuffer/styleText``; lower case or a digit, unlike any other's.
  package var letter: Character {
    switch self {
    case .plain: "."
    case .dim: "d"
    case .accent: "a"
    case .title: "t"
    case .header: "h"
    case .border: "b"
    case .focus: "f"
    case .selection: "s"
    case .inactiveSelection: "u"
    case .mark: "m"
    case .key: "k"
    case .tab: "n"
    case .activeTab: "o"
    case .match: "q"
    case .input: "i"
    case .popup: "p"
    case .good: "g"
    case .warning: "w"
    case .bad: "x"
    case .weights: "v"
    case .activation: "y"
    case .clipping: "c"
    case .rounding: "r"
    case .chart1: "1"
    case .chart2: "2"
    case .chart3: "3"
    case .chart4: "4"
    case .chart5: "5"
    case .chart6: "6"
    }
  }
}

/// How text is set, beside its colour. Every terminal that can move its cursor shows most of them.
package struct Attributes: OptionSet, Hashable, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  package static let bold = Attributes(rawValue: 1)
  package static let underline = Attributes(rawValue: 2)
  package static let reverse = Attributes(rawValue: 4)
  package static let dim = Attributes(rawValue: 8)
  package static let italic = Attributes(rawValue: 16)
  /// On the ground of a box over the screen, in place of the screen's own.
  package static let raised = Attributes(rawValue: 32)
}

/// A role, with attributes added to those the theme gives it.
package struct Style: Hashable, Sendable {
  package var role: Role
  package var attributes: Attributes

  package init(_ role: Role, _ attributes: Attributes = []) {
    self.role = role
    self.attributes = attributes
  }

  package var bold: Style { Style(role, attributes.union(.bold)) }
  package var underlined: Style { Style(role, attributes.union(.underline)) }
  package var reversed: Style { Style(role, attributes.union(.reverse)) }

  package static let plain = Style(.plain)
  package static let dim = Style(.dim)
  package static let accent = Style(.accent)
  package static let title = Style(.title)
  package static let header = Style(.header)
  package static let border = Style(.border)
  package static let focus = Style(.focus)
  package static let selection = Style(.selection)
  package static let inactiveSelection = Style(.inactiveSelection)
  package static let mark = Style(.mark)
  package static let key = Style(.key)
  package static let tab = Style(.tab)
  package static let activeTab = Style(.activeTab)
  package static let match = Style(.match)
  package static let input = Style(.input)
  package static let popup = Style(.popup)
  package static let good = Style(.good)
  package static let warning = Style(.warning)
  package static let bad = Style(.bad)
  package static let weights = Style(.weights)
  package static let activation = Style(.activation)
  package static let clipping = Style(.clipping)
  package static let rounding = Style(.rounding)
  package static let chart1 = Style(.chart1)
  package static let chart2 = Style(.chart2)
  package static let chart3 = Style(.chart3)
  package static let chart4 = Style(.chart4)
  package static let chart5 = Style(.chart5)
  package static let chart6 = Style(.chart6)

  /// The style of data series `index`; six of them, over and over.
  package static func chart(_ index: Int) -> Style {
    let roles: [Role] = [.chart1, .chart2, .chart3, .chart4, .chart5, .chart6]
    return Style(roles[((index % roles.count) + roles.count) % roles.count])
  }

  /// The letter of this style in ``CellBuffer/styleText``: upper case when reversed.
  package var letter: Character {
    guard attributes.contains(.reverse) else { return role.letter }
    return role == .plain ? "%" : Character(role.letter.uppercased())
  }
}
