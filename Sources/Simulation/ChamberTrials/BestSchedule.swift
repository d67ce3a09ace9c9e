// The best that the plant allows, found off-line with everything known: noise-free state, ambient to
// come, steps mixed at will.
//
// The schedule rides the limit: at each tick the most heat that doesn't pass 80 °C at the next. That
// it is (nearly) the best isn't taken on trust: a dual bound says how much any schedule could do at
// most. For every λ ≥ 0,  max over heat of  work + Σ λₜ·(80 − Tₜ)  is no less than the work of any
// schedule that keeps the limit; λ comes from the shadow price of the limit while it is ridden, scaled
// by a line search for the least bound. Figures are compared with the bound, not with the schedule.

import Phi
import Simulation

public enum BestSchedule {
    /// - Parameter byTime: core time at the top frequency alone, where work is heat.
    public static func ride(_ run: HeatRun, byTime: Bool = false) -> RunResult {
        var run = run
        while !run.isOver {
            let heat = allowed(run)
            run.advance(heat: heat, workShare: byTime ? heat : run.board.bestWork(heat: heat))
        }
        return run.result
    }

    /// The most heat of one tick that ends at the limit: the temperature is linear in it.
    private static func allowed(_ run: HeatRun) -> Double {
        var cold = run
        cold.advance(heat: 0, workShare: 0)
        var hot = run
        hot.advance(heat: 1, workShare: 0)
        let gain = hot.plant.temperatureC - cold.plant.temperatureC
        return clamp((HeatRun.limitC - cold.plant.temperatureC) / gain, 0...1)
    }

    /// An upper bound on the work share of every schedule that never passes the limit.
    public static func bound(_ board: HeatBoard, _ ambient: Ambient, durationS: Double) -> Double {
        let stepS = 5.0
        let count = Int(durationS / stepS)
        var run = HeatRun(board, ambient, durationS: durationS, seed: 0, hasFirmware: false)
        // Heat in blocks by riding the limit, and when it binds.
        var binds = [Bool](repeating: false, count: count)
        var heats = [Double](repeating: 0, count: count)
        for block in 0..<count {
            var sum = 0.0
            let ticks = Int(stepS / HeatRun.tickS)
            for _ in 0..<ticks {
                let heat = allowed(run)
                run.advance(heat: heat, workShare: 0)
                sum += heat / Double(ticks)
            }
            heats[block] = sum
            binds[block] = sum < 0.999
        }
        let keepFast = Phi.exp2(-stepS / board.thermal.fast.tauS * 1.4426950408889634)
        let keepSlow = Phi.exp2(-stepS / board.thermal.slow.tauS * 1.4426950408889634)
        // λ solved backwards so that the price of heat in each block equals the slope of work there.
        var prices = [Double](repeating: 0, count: count)
        var fast = 0.0
        var slow = 0.0
        let gainFast = (1 - keepFast) * board.thermal.fast.riseC
        let gainSlow = (1 - keepSlow) * board.thermal.slow.riseC
        for block in stride(from: count - 1, through: 0, by: -1) {
            if binds[block] {
                let slope = slope(board, heats[block])
                let later = gainFast * fast * keepFast + gainSlow * slow * keepSlow
                prices[block] = max(0, (slope - later) / (gainFast + gainSlow))
            }
            fast = prices[block] + fast * keepFast
            slow = prices[block] + slow * keepSlow
        }
        var best = Double.infinity
        for scale in stride(from: 0.7, through: 1.3, by: 0.02) {
            best = min(
                best,
                dual(board, ambient, prices, scale, stepS, keepFast, keepSlow, gainFast, gainSlow))
        }
        return min(1, best / Double(count))
    }

    /// Slope of the concave work-by-heat curve.
    private static func slope(_ board: HeatBoard, _ heat: Double) -> Double {
        let low = max(0, heat - 0.02)
        let high = min(1, heat + 0.02)
        return (board.bestWork(heat: high) - board.bestWork(heat: low)) / (high - low)
    }

    /// max over heat of Σ work + Σ λ·(80 − T), block by block: it falls apart into single choices.
    private static func dual(
        _ board: HeatBoard, _ ambient: Ambient, _ prices: [Double], _ scale: Double, _ stepS: Double,
        _ keepFast: Double, _ keepSlow: Double, _ gainFast: Double, _ gainSlow: Double
    ) -> Double {
        // Vertices of the concave curve: idle and each step.
        var vertices = [(heat: 0.0, work: 0.0)]
        for step in board.stepsGHz.indices {
            vertices.append((board.heat(step: step), board.stepsGHz[step] / board.topGHz))
        }
        var total = 0.0
        var fast = 0.0
        var slow = 0.0
        for block in stride(from: prices.count - 1, through: 0, by: -1) {
            let price = prices[block] * scale
            fast = price + fast * keepFast
            slow = price + slow * keepSlow
            let cost = gainFast * fast + gainSlow * slow
            total += vertices.reduce(0) { max($0, $1.work - cost * $1.heat) }
            let share = Double(block + 1) / Double(prices.count)
            let baseC = board.thermal.idleC + ambient.offsetC(at: share)
            total += price * (HeatRun.limitC - baseC)
        }
        return total
    }
}
