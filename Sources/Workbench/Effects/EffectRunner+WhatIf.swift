import Calibration
import Conversion
import Dispatch
import OrderedCollections
import Quantization
import Synchronization

/// What-if: answers that need no data, on a queue that jobs do not hold up.
extension EffectRunner {
  func evaluate(_ generation: Int, _ recipe: Recipe) {
    let shared = shared
    shared.newest.withLock { $0 = max($0, generation) }
    analyst.async {
      guard shared.newest.withLock({ $0 == generation }),
        let result = shared.withAnalysis({ analysis in Result { try analysis.evaluate(recipe) } })
      else { return }
      switch result {
      case .success(let evaluations):
        self.post(.evaluated(generation: generation, evaluations: evaluations))
      case .failure(let error): self.post(.sessionFailed(message: "\(error)"))
      }
    }
  }

  func regroup(_ generation: Int, _ recipe: Recipe) {
    let shared = shared
    analyst.async {
      do {
        try shared.update { try $0.project.group(by: recipe) }
        guard let workspace = shared.workspace() else { return }
        let seen = workspace.statistics?.edges
        let unobserved = seen.map { seen in
          workspace.project.layers.observedEdges.filter { seen[$0] == nil }
        }
        self.post(
          .regrouped(
            generation: generation, try workspace.project.summary(), unobserved: unobserved ?? []))
      } catch {
        self.post(.sessionFailed(message: "\(error)"))
      }
    }
  }

  func detail(_ generation: Int, _ layer: String, _ recipe: Recipe) {
    let shared = shared
    let ticket = shared.detailTicket.withLock { ticket in
      ticket += 1
      return ticket
    }
    analyst.async {
      // A cursor that has moved on wants only the last layer's detail.
      guard shared.detailTicket.withLock({ $0 == ticket }),
        let detail = shared.withAnalysis({ try? $0.detail(layer, recipe) }).flatMap(\.self)
      else { return }
      self.post(.detailed(generation: generation, detail: detail))
    }
  }

  func outline(_ generation: Int, _ layer: String, _ recipe: Recipe) {
    let shared = shared
    let ticket = shared.detailTicket.withLock { $0 }
    analyst.async {
      guard shared.detailTicket.withLock({ $0 == ticket }),
        let outline = shared.withAnalysis({ $0.outline(layer, recipe) })
      else { return }
      self.post(.outlined(generation: generation, outline))
    }
  }

  func sample(_ edges: [String], _ recipe: Recipe) {
    let shared = shared
    analyst.async {
      guard let workspace = shared.workspace(), let statistics = workspace.statistics else {
        return
      }
      let schemes =
        (try? workspace.project.layers.grouped(by: recipe).resolve(recipe))?.edges ?? [:]
      let live = edges.compactMap { edge -> LiveTensor? in
        guard let seen = statistics.edges[edge], let choice = schemes[edge] else { return nil }
        return Analysis.live(
          WatchedEdge(
            edge: edge, statistics: seen, batch: nil,
            stableSince: nil), scheme: choice.scheme)
      }
      self.post(.watchedSampled(live))
    }
  }
}
