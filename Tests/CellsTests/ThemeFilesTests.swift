import Foundation
import Testing

@testable import Cells

/// The themes that come with the program.
@Suite struct ThemeFilesTests {
  private static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("themes")

  private static let files = [
    "default", "light", "high-contrast", "colour-blind", "mono", "fjord", "ember",
  ]

  private static func load(_ name: String) throws -> Theme {
    try Theme.load(path: folder.appendingPathComponent(name + ".toml").path)
  }

  @Test func allOfThemAreListedHere() throws {
    let found = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
    #expect(
      Set(found.filter { $0.hasSuffix(".toml") }) == Set(Self.files.map { $0 + ".toml" }))
  }

  @Test(arguments: files) func theyLoadAndSayWhatTheyAre(name: String) throws {
    let theme = try Self.load(name)
    #expect(theme.name == name)
    #expect(!theme.summary.isEmpty)
  }

  @Test(arguments: files) func theySetEveryRole(name: String) throws {
    let text = try String(
      contentsOf: Self.folder.appendingPathComponent(name + ".toml"), encoding: .utf8)
    for role in Role.allCases {
      #expect(text.contains("\n\(role.rawValue) = "), "\(name).toml leaves out \(role.rawValue)")
    }
  }

  @Test func theSampleIsTheThemeThatNeedsNoFile() throws {
    let sample = try Self.load("default")
    for role in Role.allCases {
      #expect(
        sample.appearance(of: Style(role)) == Theme.builtIn.appearance(of: Style(role)),
        "\(role.rawValue)")
    }
  }

  /// WCAG asks for 4.5 for text; lines and chart ink, which are no text, for 3.
  @Test(arguments: files) func textCanBeRead(name: String) throws {
    let theme = try Self.load(name)
    for role in Role.allCases {
      let appearance = theme.appearance(of: Style(role))
      guard let contrast = appearance.foreground.contrast(with: appearance.background) else {
        continue
      }
      let needed = name == "high-contrast" ? 7 : role == .border ? 3 : 4.5
      #expect(contrast >= needed, "\(name): \(role.rawValue) has \(contrast)")
    }
  }

  @Test(arguments: files) func textInBoxesCanBeRead(name: String) throws {
    let theme = try Self.load(name)
    for role in Role.allCases where role != .border {
      let appearance = theme.appearance(of: Style(role, .raised))
      guard let contrast = appearance.foreground.contrast(with: appearance.background) else {
        continue
      }
      // Charts are not drawn in boxes; marks and text are.
      let needed = role.rawValue.hasPrefix("chart") ? 3 : 4.5
      #expect(contrast >= needed, "\(name): \(role.rawValue) has \(contrast) in a box")
    }
  }

  @Test(arguments: files) func theSelectedRowStandsApart(name: String) throws {
    let theme = try Self.load(name)
    let plain = theme.appearance(of: .plain)
    for style: Style in [.selection, .inactiveSelection, .activeTab] {
      #expect(theme.appearance(of: style) != plain)
    }
  }

  @Test func monoUsesNoColour() throws {
    let theme = try Self.load("mono")
    for role in Role.allCases {
      #expect(theme.appearance(of: Style(role)).foreground == .standard)
      #expect(theme.appearance(of: Style(role)).background == .standard)
    }
  }

  @Test func themesAreFoundByNameOrPath() throws {
    let folders = ["/no/such/folder", Self.folder.path]
    #expect(try Theme.find("fjord", in: folders).name == "fjord")
    #expect(try Theme.find(Self.folder.path + "/ember.toml", in: []).name == "ember")
    #expect(try Theme.find("default", in: []) == Theme.builtIn)
    #expect(Theme.names(in: folders) == Self.files.sorted())
  }

  @Test func anUnknownThemeNamesItsNeighbour() {
    do {
      _ = try Theme.find("fiord", in: [Self.folder.path])
      Issue.record("no error")
    } catch {
      #expect(error.description.hasPrefix("There is no theme 'fiord'. Did you mean 'fjord'?"))
      #expect(error.description.contains("colour-blind, default, ember"))
    }
  }
}
