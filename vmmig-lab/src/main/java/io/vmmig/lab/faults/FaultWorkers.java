// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import io.vmmig.lab.host.SendProfile;
import io.vmmig.lab.matrix.Worker;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;

/** A worker for live migrations and one for all others, each opened with its first cell. For one thread. */
final class FaultWorkers implements Worker<Cell> {
    private final Function<SendProfile, FaultWorker> opening;
    private final Map<SendProfile, FaultWorker> open = new EnumMap<>(SendProfile.class);

    FaultWorkers(Function<SendProfile, FaultWorker> opening) {
        this.opening = opening;
    }

    @Override
    public Result run(Cell cell, boolean last) {
        SendProfile kind = cell.isLive() ? SendProfile.LIVE : SendProfile.DEFAULT;
        return open.computeIfAbsent(kind, opening).run(cell, last);
    }

    @Override
    public void close() {
        open.values().forEach(FaultWorker::close);
    }
}
