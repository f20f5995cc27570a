internal import Execution
internal import Graphs
internal import Kernels
internal import Tensors

/// What the float model, before training, makes of samples: outputs and some inner values.
final class Teacher {
  private let executor: Executor
  private let names: [String]

  init(
    _ model: Model, names: [String], threads: Int, isa: InstructionSet
  ) throws(TrainingError) {
    var model = model
    model.graph.outputs = names.map {
      ValueDeclaration(name: $0, elementType: nil, dimensions: nil)
    }
    self.names = names
    do throws(ExecutionError) {
      executor = try Executor(
        model: model, options: ExecutionOptions(instructionSet: isa, threads: threads),
        isPrepared: true)
    } catch {
      throw .execution("\(error)")
    }
  }

  func values(_ inputs: [String: Tensor]) throws(TrainingError) -> [String: Tensor] {
    do throws(ExecutionError) {
      return try executor.run(inputs)
    } catch {
      throw .execution("\(error)")
    }
  }
}
