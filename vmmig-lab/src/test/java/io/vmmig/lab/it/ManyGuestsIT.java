// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.MoveResult;
import io.vmmig.lab.host.MoveScenario;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Ten guests go each way, all at the same time, each host having one program with a heap of 256 MiB that was told no limit.
 */
@Tag("faults")
class ManyGuestsIT {
    private static final int EACH_WAY = 10;

    @AfterEach
    void clear() {
        Hosts.clear();
    }

    @Test
    void twentyAtOnceInBothDirections() throws Exception {
        LabHost a = Hosts.inSmallHeap("small-a");
        LabHost b = Hosts.inSmallHeap("small-b");
        List<LabGuest> ofA = start(a, "left-");
        List<LabGuest> ofB = start(b, "right-");
        Stream.concat(ofA.stream(), ofB.stream()).forEach(LabGuest::ready);

        List<Callable<MoveResult>> moves = new ArrayList<>();
        ofA.forEach(guest -> moves.add(() -> MoveScenario.plain().overTls(guest, b)));
        ofB.forEach(guest -> moves.add(() -> MoveScenario.plain().overTls(guest, a)));
        ExecutorService threads = Executors.newFixedThreadPool(moves.size());
        try {
            for (Future<MoveResult> move : threads.invokeAll(moves)) {
                MoveResult result = move.get();
                Moves.assertWhole(result);
                Moves.assertGone(result.left().host(), result.left().name());
            }
        } finally {
            threads.shutdownNow();
        }

        assertThat(a.guests()).hasSize(EACH_WAY).allMatch(name -> name.startsWith("right-"));
        assertThat(b.guests()).hasSize(EACH_WAY).allMatch(name -> name.startsWith("left-"));
    }

    private static List<LabGuest> start(LabHost host, String prefix) {
        List<LabGuest> guests = new ArrayList<>();
        for (int i = 0; i < EACH_WAY; i++) {
            guests.add(host.start(Hosts.tiny(host, prefix + i).memoryMib(128)));
        }
        return guests;
    }
}
