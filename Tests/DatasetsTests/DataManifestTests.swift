import Foundation
import Tensors
import Testing

@testable import Datasets

@Suite struct DataManifestTests {
  private func manifest(_ options: DatasetOptions, _ name: String = "digits.npz") throws
    -> DataManifest
  {
    let source = try DatasetSource.open(TestData.path(name))
    return try Dataset(source, inputs: [.image("input", nil, 1, 4, 4)], options: options).manifest()
  }

  @Test func recordsWhatWasChosen() throws {
    let steps = try Preprocessing(parsing: "scale=1/255")
    let manifest = try manifest(
      DatasetOptions(limit: 5, seed: 3, batchSize: 2, preprocessing: steps))
    let path = TestData.path("digits.npz")
    #expect(manifest.files.map(\.path) == [path])
    #expect(manifest.files[0].sha256 == (try SHA256.hexDigest(ofFile: path)).digest)
    #expect(manifest.members == ["input": "calib_x"])
    #expect(manifest.labels == "calib_y" && manifest.sampleCount == 5)
    #expect(manifest.preprocessing == steps)
    let data = try JSONEncoder().encode(manifest)
    #expect(try JSONDecoder().decode(DataManifest.self, from: data) == manifest)
  }

  @Test func itsOptionsGiveTheSameData() throws {
    let options = DatasetOptions(purpose: .evaluation, limit: 3, seed: 9, batchSize: 3)
    let source = try DatasetSource.open(TestData.path("digits.npz"))
    let inputs = [InputSpecification.image("input", nil, 1, 4, 4)]
    let first = try Dataset(source, inputs: inputs, options: options)
    let again = try Dataset(
      source, inputs: inputs, options: first.manifest().options(purpose: .calibration))
    #expect(try first.batch(at: 0).inputs[0].tensor == again.batch(at: 0).inputs[0].tensor)
    #expect(try first.manifest() == again.manifest())
  }

  @Test func contentDecidesTheDigestAndThePathDoesNot() throws {
    try TestData.withFolder { folder in
      let original = try manifest(DatasetOptions())
      let copy = folder + "/elsewhere.npz"
      try FileManager.default.copyItem(atPath: TestData.path("digits.npz"), toPath: copy)
      let source = try DatasetSource.open(copy)
      let inputs = [InputSpecification.image("input", nil, 1, 4, 4)]
      let moved = try Dataset(source, inputs: inputs, options: DatasetOptions()).manifest()
      #expect(moved.digest == original.digest)
      #expect(moved.differences(from: original).isEmpty)
    }
  }

  @Test func everyChoiceChangesTheDigestAndIsNamed() throws {
    let original = try manifest(DatasetOptions())
    let changes: [(DatasetOptions, String)] = [
      (DatasetOptions(purpose: .evaluation), "The member for 'input' was calib_x and is test_x."),
      (DatasetOptions(limit: 4), "The number of samples was 12 and is 4."),
      (DatasetOptions(seed: 4), "The seed was none and is 4."),
      (DatasetOptions(batchSize: 2), "The batch was 1 and is 2."),
      (
        DatasetOptions(preprocessing: try Preprocessing(parsing: "scale=2")),
        "Preprocessing was '' and is 'scale=2'."
      ),
    ]
    for (options, words) in changes {
      let changed = try manifest(options)
      #expect(changed.digest != original.digest)
      #expect(changed.differences(from: original).contains(words))
    }
    let other = try manifest(DatasetOptions(), "digits_stored.npz")
    #expect(other.digest != original.digest)
    #expect(other.differences(from: original).contains { $0.contains("digest") })
  }
}
