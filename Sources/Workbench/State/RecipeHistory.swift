package import Quantization
package import Sessions

/// The recipe and the weights in force, and the ones before and after them.
package struct RecipeHistory: Equatable, Sendable {
  package struct Entry: Equatable, Sendable {
    package var recipe: Recipe
    /// What led to this recipe: "conv1: per tensor".
    package var label: String
    /// Trainings whose weights are in force, in their order.
    package var trainings: [TrainingRecord] = []
  }

  package private(set) var past: [Entry] = []
  package private(set) var present: Entry
  package private(set) var future: [Entry] = []

  package init(_ recipe: Recipe, trainings: [TrainingRecord] = []) {
    present = Entry(recipe: recipe, label: "start", trainings: trainings)
  }

  package var recipe: Recipe { present.recipe }

  /// Puts `recipe` on top; what had been undone is forgotten.
  package mutating func push(
    _ recipe: Recipe, label: String, trainings: [TrainingRecord]? = nil
  ) {
    let trainings = trainings ?? present.trainings
    guard recipe != present.recipe || trainings != present.trainings else { return }
    past.append(present)
    present = Entry(recipe: recipe, label: label, trainings: trainings)
    future = []
  }

  /// Goes back one step and says what was undone; `nil` at the start.
  package mutating func undo() -> String? {
    guard let last = past.popLast() else { return nil }
    let undone = present.label
    future.append(present)
    present = last
    return undone
  }

  package mutating func redo() -> String? {
    guard let next = future.popLast() else { return nil }
    past.append(present)
    present = next
    return next.label
  }
}
