package import Conversion
package import Graphs
internal import OrderedCollections
internal import Quantization
internal import Tensors

/// A float model with the weights of a training run, and what it becomes in int8.
package struct TrainedModel: Sendable {
  /// As prepared for training, with trained constants.
  package let float: Model
  package let conversion: Conversion

  /// - Parameters:
  ///   - model: the model that was trained, with the constants from before.
  ///   - rounding: of the training run; its ranges become the maps of edges.
  init(
    _ model: Model, store: ParameterStore, rounding: Rounding, recipe: Recipe,
    usesTrainedWeightMaps: Bool
  ) throws(TrainingError) {
    var float = model
    for (number, entry) in store.entries.enumerated() where entry.kind != .scale {
      float.graph.initializers[entry.name]?.tensor = Tensor(
        Array(store.values(number)), shape: entry.shape)
    }
    self.float = float
    do {
      let layers = try LayerGraph(model: float).grouped(by: recipe)
      let resolution = try layers.resolve(recipe)
      conversion = try Converter.convert(
        layers, resolution, edgeParameters: try rounding.edgeParameters(),
        weightParameters: usesTrainedWeightMaps
          ? try rounding.weightParameters(of: layers, resolution) : [:])
    } catch let error as TrainingError {
      throw error
    } catch {
      throw .conversion("\(error)")
    }
  }
}

extension Rounding {
  /// The maps of weights as training left them, by initializer.
  fileprivate func weightParameters(
    of layers: LayerGraph, _ resolution: Resolution
  ) throws(ObserverError) -> [String: TensorParameters] {
    var parameters: [String: TensorParameters] = [:]
    for layer in layers.layers {
      guard let choice = resolution.layers[layer.id], let modules = weights[layer.id] else {
        continue
      }
      for reference in layer.weights {
        guard let module = modules[reference.inputIndex], !module.maps.isEmpty else { continue }
        let type = choice.weightScheme(of: reference).type
        let stored = try layers.weightTensor(reference, of: layer).flatMap {
          weights throws(ObserverError) in
          try module.mapsAsConverted(weights, type: type)
        }
        let maps = stored ?? module.parameters(type: type)
        parameters[reference.initializer] =
          module.axis.map { TensorParameters(channels: maps, axis: $0) }
          ?? TensorParameters(maps[0])
      }
    }
    return parameters
  }
}
