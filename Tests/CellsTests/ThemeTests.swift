import Foundation
import Testing

@testable import Cells

@Suite struct ThemeTests {
  @Test(arguments: [
    ("default", TerminalColor.standard), ("red", .indexed(1)), ("bright-white", .indexed(15)),
    ("208", .indexed(208)), ("#ff8000", .rgb(red: 255, green: 128, blue: 0)),
    ("#f80", .rgb(red: 255, green: 136, blue: 0)),
  ])
  func coloursAreRead(text: String, color: TerminalColor) {
    #expect(TerminalColor(text) == color)
  }

  @Test(arguments: ["", "256", "-1", "#ff80", "#gggggg", "Red", "٣", "bright"])
  func otherColoursAreNone(text: String) {
    #expect(TerminalColor(text) == nil)
  }

  @Test func aThemeNeedsNothing() throws {
    #expect(try Theme.load(toml: "", file: "themes/bare.toml").name == "bare")
    for role in Role.allCases {
      // Nothing that would be unreadable on one of a dark and a light background.
      let appearance = Theme.builtIn.appearance(of: Style(role))
      #expect(appearance.background == .standard)
      for index: UInt8 in [0, 4, 7, 8, 12, 15] {
        #expect(appearance.foreground != .indexed(index))
      }
    }
  }

  @Test func rolesWithoutABackgroundTakeThatOfPlain() throws {
    let theme = try Theme.load(
      toml: """
        name = "mine"
        [styles]
        plain = "#eeeeee on #101010"
        accent = "#88c0d0 bold"
        header = "black on 250"
        """, file: "mine.toml")
    let ground = TerminalColor.rgb(red: 16, green: 16, blue: 16)
    #expect(theme.name == "mine")
    #expect(theme.appearance(of: .accent).background == ground)
    #expect(theme.appearance(of: .accent).attributes == .bold)
    #expect(theme.appearance(of: .title).background == ground)
    #expect(theme.appearance(of: .title).foreground == theme.appearance(of: .plain).foreground)
    #expect(theme.appearance(of: .header).background == .indexed(250))
    #expect(theme.appearance(of: .accent.reversed).attributes == [.bold, .reverse])
  }

  @Test(arguments: [
    (
      "[styles]\nacent = \"red\"",
      "t.toml:2: unknown key 'acent'. Did you mean 'accent'?"
    ),
    (
      "[styles]\nplain = \"default\"\n\nzzzzzz = \"red\"",
      "t.toml:4: unknown key 'zzzzzz'. themes/default.toml documents every key."
    ),
    ("nam = \"x\"", "t.toml:1: unknown key 'nam'. Did you mean 'name'?"),
    (
      "[styles]\naccent = \"cyann bold\"",
      """
      t.toml:2: 'accent': 'cyann' is neither a colour (a name, 0 to 255, #rrggbb) nor an \
      attribute; did you mean 'cyan'?.
      """
    ),
    ("[styles]\naccent = 7", "t.toml:2: 'accent' must be a text in quotes."),
    ("styles = 1", "t.toml:1: 'styles' must be a table: [styles]."),
    (
      "[styles]\naccent = \"red on\"",
      "t.toml:2: 'accent': 'on' must be followed by a background colour."
    ),
    (
      "[styles]\naccent = \"red blue\"",
      """
      t.toml:2: 'accent': 'blue' comes after a colour, where only 'on COLOUR' or an attribute may.
      """
    ),
  ])
  func mistakesAreNamedWithTheirLine(toml: String, message: String) {
    do {
      _ = try Theme.load(toml: toml, file: "t.toml")
      Issue.record("no error")
    } catch {
      #expect(error.description == message)
    }
  }

  @Test func brokenTOMLIsAnErrorAtItsPlace() {
    #expect {
      _ = try Theme.load(toml: "name = \"x\"\n[styles\n", file: "t.toml")
    } throws: { error in
      guard case .syntax(file: "t.toml", line: 2, _, _)? = error as? ThemeError else {
        return false
      }
      return true
    }
  }

  @Test func aMissingFileIsAnError() {
    #expect(throws: ThemeError.unreadable(file: "/no/theme.toml", reason: "no such file")) {
      _ = try Theme.load(path: "/no/theme.toml")
    }
  }

  @Test func contrastIsThatOfTheGuidelines() throws {
    let black = TerminalColor.rgb(red: 0, green: 0, blue: 0)
    let white = try #require(TerminalColor("#fff"))
    #expect(abs(try #require(black.contrast(with: white)) - 21) < 1e-9)
    #expect(white.contrast(with: white) == 1)
    #expect(white.contrast(with: .standard) == nil)
    #expect(abs(try #require(TerminalColor("#777777")?.contrast(with: white)) - 4.48) < 0.01)
  }
}
