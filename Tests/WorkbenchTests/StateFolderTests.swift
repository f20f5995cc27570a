import Testing

@testable import Workbench

@Suite struct StateFolderTests {
  private static let folder = StateFolder(environment: ["XDG_STATE_HOME": "/home/a/state"])

  @Test(arguments: [
    ("/home/a/state/octet/x.json", true), ("/home/a/state/octet/../../x.json", false),
    ("/home/a/state/octet/trainings/../x.json", true), ("/home/a/state/octets/x.json", false),
  ]) func holdsWhatLiesBelowIt(path: String, isHeld: Bool) {
    #expect(Self.folder.holds(path) == isHeld)
  }

  @Test(arguments: [
    ("/home/a/state/octet/trainings/m-1.npz", true), ("/home/a/state/octet/recent.npz", false),
    ("/home/a/state/octet/trainings/../../../b.npz", false),
    ("/home/a/state/octet/trainings/m-1.onnx", false), ("/home/a/data.npz", false),
  ]) func removesOnlyItsOwnCheckpoints(path: String, isOwn: Bool) {
    #expect(Self.folder.holdsCheckpoint(path) == isOwn)
  }

  @Test(
    arguments: [
      ("/home/a/state/octet/trainings/01ab/w.onnx", "/home/a/state/octet/trainings/01ab"),
      ("/home/a/state/octet/trainings/w.onnx", nil), ("/home/a/state/octet/w.onnx", nil),
      ("/home/a/state/octet/trainings/01ab/c/w.onnx", nil),
      ("/home/a/state/octet/trainings/x/../../../../w/w.onnx", nil),
    ] as [(String, String?)]) func weightsHaveAFolderOfTheirOwn(path: String, folder: String?)
  {
    #expect(Self.folder.weightFolder(of: path) == folder)
  }
}
