// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.state.HostState;
import io.vmmig.transport.StoredPackage;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A stored package learns from a failed restore whether another attempt can use it. */
@Tag("once")
@Timeout(30)
class RejectedPackageTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    Path temp;

    private record Watched(StoredPackage stored, List<String> calls) implements StoredPackage {
        @Override
        public String description() {
            return stored.description();
        }

        @Override
        public InputStream packageStream() {
            return stored.packageStream();
        }

        @Override
        public void rejected() {
            calls.add("rejected");
        }

        @Override
        public void close() {
            calls.add("closed");
            stored.close();
        }
    }

    private List<String> callsOfAFailedRestore(InMemoryHypervisor host, StoredPackage stored) throws Exception {
        List<String> calls = new ArrayList<>();
        HostState state = HostState.open(temp.resolve("state-of-b"));
        try {
            assertThatThrownBy(() -> Receiver.of(host)
                    .acceptingUnsigned()
                    .into(temp.resolve("guests"))
                    .state(state)
                    .restore(new Watched(stored, calls))
                    .await(SOON));
        } finally {
            state.images().references().close();
        }
        return calls;
    }

    @Test
    void aDamagedOneIsRejectedBeforeItIsClosed() throws Exception {
        StoredPackage damaged = new InMemoryPackage(new byte[10_000]).open();
        assertThat(callsOfAFailedRestore(new InMemoryHypervisor("b"), damaged)).startsWith("rejected", "closed");
    }

    @Test
    void aWholeOneIsNot() throws Exception {
        InMemoryHypervisor source = new InMemoryHypervisor("a");
        source.start(Domains.xml("web-1"), new byte[100_000], true);
        InMemoryPackage store = new InMemoryPackage();
        HostState state = HostState.open(temp.resolve("state-of-a"));
        Migrator.of(source).from("web-1").state(state).to(store).start().await(SOON);
        state.images().references().close();
        InMemoryHypervisor host = new InMemoryHypervisor("b");
        host.fail(InMemoryHypervisor.Step.RESTORE);
        assertThat(callsOfAFailedRestore(host, store.open())).isNotEmpty().doesNotContain("rejected");
    }
}
