// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.Interference;
import io.vmmig.hypervisor.RestoreRequest;
import io.vmmig.hypervisor.RestoredGuest;
import io.vmmig.hypervisor.RestoringGuest;
import io.vmmig.sparse.BlockOutput;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;
import java.util.UUID;

/** A restore on an {@link InMemoryHypervisor}. */
final class InMemoryRestore implements RestoringGuest {
    private final InMemoryHypervisor host;
    private final String name;
    private final UUID uuid;
    private final RestoreRequest request;
    private final ByteArrayOutputStream memory = new ByteArrayOutputStream();
    private volatile boolean closed;

    InMemoryRestore(InMemoryHypervisor host, String name, UUID uuid, RestoreRequest request) {
        this.host = host;
        this.name = name;
        this.uuid = uuid;
        this.request = request;
    }

    @Override
    public boolean awaitReady() throws VmmigException {
        host.failIfTold(InMemoryHypervisor.Step.START);
        return true;
    }

    @Override
    public OutputStream memory() {
        return new BlockOutput() {
            @Override
            public void write(byte[] buffer, int offset, int length) throws IOException {
                if (closed) {
                    throw new IOException(aborted());
                }
                memory.write(buffer, offset, length);
            }
        };
    }

    private static HypervisorException aborted() {
        return new HypervisorException(Problem.HYPERVISOR_FAILED, "the restore was aborted", "");
    }

    @Override
    public RestoredGuest finish() throws VmmigException {
        if (closed) {
            throw aborted();
        }
        host.failIfTold(InMemoryHypervisor.Step.FINISH);
        byte[] stream = memory.toByteArray();
        InMemoryGuest guest = new InMemoryGuest(
                host,
                name,
                uuid,
                request.domainXml(),
                InMemoryBalloon.memoryIn(stream),
                request.definitionXml(),
                GuestState.PAUSED);
        guest.inMemoryBalloon().restore(stream);
        host.put(guest);
        Restored restored = new Restored(guest);
        host.restored(name);
        return restored;
    }

    @Override
    public void close() throws VmmigException {
        closed = true;
        host.failIfCutOff();
    }

    private final class Restored implements RestoredGuest {
        private final InMemoryGuest guest;
        private final int starts;
        private boolean given;

        Restored(InMemoryGuest guest) {
            this.guest = guest;
            starts = guest.starts();
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public Optional<Interference> interference() {
            return guest.since(starts);
        }

        @Override
        public void resume() throws VmmigException {
            host.failIfTold(InMemoryHypervisor.Step.RESUME_RESTORED);
            guest.resume();
            given = true;
            host.failIfTold(InMemoryHypervisor.Step.RESUMED_RESTORED);
        }

        @Override
        public void leavePaused() {
            given = true;
        }

        @Override
        public void close() throws VmmigException {
            if (!given) {
                host.failIfTold(InMemoryHypervisor.Step.REMOVE_RESTORED);
                host.remove(name);
            }
        }
    }
}
