import Execution
import Graphs
import Tensors
import Testing

/// What LSTM, GRU and RNN refuse, and how they say it. That they compute what ONNX Runtime does is
/// among the recorded cases.
@Suite struct RecurrenceTests {
  private func refused(
    _ name: String, attribute: String = "", _ value: Attribute? = nil,
    feeds changed: [String: Tensor] = [:]
  ) throws -> String {
    let recorded = try #require(RecordedCase.operators.first { $0.name == name })
    var model = recorded.model
    if let value {
      model.graph.updateNode(at: 0) { $0.attributes[attribute] = value }
    }
    do {
      _ = try Executor(model: model).run(recorded.feeds.merging(changed) { _, new in new })
    } catch {
      return error.description
    }
    Issue.record("nothing was refused")
    return ""
  }

  @Test(arguments: [
    ("direction", Attribute.string(Array("sideways".utf8)), ["sideways", "bidirectional"]),
    ("hidden_size", .int(0), ["hidden_size", "positive"]),
    ("clip", .float(-1), ["clip", "positive"]),
    ("layout", .int(2), ["layout", "0 or 1"]),
    ("activations", .strings([Array("Tanh".utf8)]), ["1 names", "3 are needed"]),
    (
      "activations", .strings(["Sigmoid", "Tanh", "Swish"].map { Array($0.utf8) }),
      ["activations", "Swish"]
    ),
  ])
  func aWrongAttributeIsNamed(name: String, value: Attribute, words: [String]) throws {
    let message = try refused("LSTM_forward", attribute: name, value)
    #expect(message.contains("LSTM_forward"))
    for word in words { #expect(message.contains(word), "\(message)") }
  }

  @Test func weightsThatDoNotFitAreNamed() throws {
    let message = try refused("GRU_forward", attribute: "hidden_size", .int(6))
    #expect(message.contains("1×15×4") && message.contains("6 hidden units"), "\(message)")
  }

  @Test func lengthsAreChecked() throws {
    for lengths in [[Int32(5), 1], [2, -1]] {
      let message = try refused(
        "RNN_forward_lengths", feeds: ["lengths": Tensor(lengths, shape: [2])])
      #expect(message.contains("between 0 and 4"), "\(message)")
    }
  }
}
