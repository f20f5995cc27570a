import Foundation
import Quantization
import Sessions

/// A session with something in every field.
enum SessionSample {
  static func full() throws -> Session {
    var session = Session(
      tool: "octet 0.1.0",
      model: Session.ModelReference(path: "model.onnx", sha256: "ab12", byteCount: 473_957),
      recipe: Recipe(
        target: .x86,
        rules: [
          try Rule(parsing: "layer=/head/fc:precision=float32"),
          try Rule(parsing: "op=Conv:weight.granularity=perTensor,activation.observer=entropy"),
          try Rule(parsing: "tensor=x:activation.observer=manual(-1;6)"),
        ]))
    session.data = Session.DataReference(
      path: "data/calib.npz", preprocessing: "scale=1/255", batchSize: 4, limit: 100, seed: 7,
      digest: "cd34")
    session.statistics = Session.Statistics(
      batches: 3, samples: 12, seconds: 0.25, edges: ["x": statistics(), "y": TensorStatistics()])
    session.errors = ErrorTable(
      rows: [
        ErrorTable.Row(
          id: "/head/fc", weightDecibels: .infinity, predictedDecibels: 38.5, roundingShare: 0.75,
          localDecibels: 12.5, accumulatedDecibels: nil, cosine: 0.9998, largestError: 0.02)
      ],
      output: ErrorTable.Output(
        samples: 12, int8Decibels: 37.1, simulatedDecibels: 37.2, topOneAgreement: 1,
        floatAccuracy: 0.99, int8Accuracy: 0.99),
      advice: [
        AdviceSummary(
          layer: nil, title: "more data", detail: "3 batches are few", gainDecibels: nil,
          rule: try Rule(parsing: "all:activation.observer=mse"))
      ])
    session.benchmark = BenchmarkTable(
      rows: [
        BenchmarkTable.Row(
          id: "/head/fc", floatKernel: "gemm-f32", int8Kernel: "gemm-u8s8", floatMicroseconds: 10,
          int8Microseconds: 4, multiplyAccumulates: 640, int8GigaMACs: 0.16, shareOfPeak: 0.01,
          saturatedPairs: 5, pairs: 320)
      ],
      float: BenchmarkTable.Latency(minimum: 1, median: 2, percentile90: 3, percentile99: 4),
      int8: BenchmarkTable.Latency(minimum: 0.5, median: 1, percentile90: 1.5, percentile99: 2),
      speedUp: 2, runs: 30, threads: 1, batchSize: 4, floatByteCount: 400, int8ByteCount: 100,
      floatPeak: 50, int8Peak: 100, host: "test")
    session.host = Session.Host(processor: "test", instructionSet: "avx2", cores: 2)
    session.log = [
      LogEntry(.command, "octet calibrate 'a b.onnx'"), LogEntry(.error, "größer als erwartet"),
    ]
    return session
  }

  /// What two batches leave, with values that are hard to keep exactly.
  private static func statistics() -> TensorStatistics {
    var statistics = TensorStatistics(channelAxis: 1)
    let batches: [[Float]] = [
      [0.1, -0.2, 3e-38, 1.0 / 3, .nan, 0], [7.7, 0, -0.0, 1e20, .infinity, -1.4012985e-45],
    ]
    for batch in batches {
      batch.withUnsafeBufferPointer { values in
        statistics.observe(
          BatchView(values, outer: 1, channels: 2, inner: 3), using: ScalarObservationKernels())
      }
    }
    return statistics
  }
}

extension SessionSample {
  static func trained() throws -> Session {
    var session = try full()
    var settings = TrainingSettings()
    settings.loss = .divergence
    settings.layers = ["/head/fc"]
    var record = TrainingRecord(
      settings: settings,
      data: Session.DataReference(
        path: "data/train.npz", preprocessing: "scale=1/255", batchSize: 1, limit: nil,
        mapping: ["x": "train_x"], labels: "y"),
      recipe: session.recipe, instructionSet: "avx2", threads: 2)
    let score = TrainingResult.Score(accuracy: nil, agreement: 0.75, decibels: .infinity)
    record.result = TrainingResult(
      epochs: [
        TrainingResult.Epoch(epoch: 0, loss: nil, simulated: score, int8: score),
        TrainingResult.Epoch(epoch: 1, loss: 1.0 / 3, simulated: score, int8: score),
      ], bestEpoch: 1, float: score, calibrated: score,
      stop: TrainingResult.Stop(epoch: 1, batch: 4))
    record.weights = Session.ModelReference(path: "w.onnx", sha256: "ef56", byteCount: 100)
    session.trainings = [record]
    record.weights = nil
    record.checkpoint = "/state/x.npz"
    session.unfinishedTraining = record
    return session
  }
}

/// A folder that is gone after the test.
struct TemporaryFolder: ~Copyable {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory.appendingPathComponent(
        "octet-sessions-\(UUID().uuidString)"
      ).path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }

  func contents() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }
}
