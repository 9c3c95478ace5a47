// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.Migrator;
import io.vmmig.Recovery;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.report.RecoveryReport.Resolution;
import io.vmmig.state.HostState;
import io.vmmig.testkit.InMemoryHypervisor;
import io.vmmig.transport.StoredPackage;
import io.vmmig.transport.http.FaultyServer.Deed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Every answer to the index of a package times what the server has really done: the table of {@code docs/http.md}. */
@Tag("once")
@Timeout(300)
class IndexAnswersTest {
    private static final Path PAGE = Path.of("../docs/http.md");
    private static final Path AS_IT_SHOULD_BE = Path.of("target/http.md");
    private static final String BEGIN = "<!-- begin: from IndexAnswersTest -->\n";
    private static final String END = "<!-- end -->\n";
    private static final Map<String, List<Integer>> ANSWERS = answers();
    private static final int AT_ONCE = 12;

    private static Map<String, List<Integer>> answers() {
        Map<String, List<Integer>> answers = new LinkedHashMap<>();
        answers.put("200, 201, 204", List.of(200, 201, 204));
        answers.put("200 with the page of a proxy", List.of(FaultyServer.SHOWS_A_PAGE));
        answers.put("202, other 2xx", List.of(202));
        answers.put("301, 302, 303, 307, 308 to itself", List.of(302, 307));
        answers.put("4xx, 501, 507", List.of(403, 400, 404, 413, 422, 501, 507));
        answers.put("409, 412", List.of(409, 412));
        answers.put("408, 425, 429, 500, 502, 503, 504", List.of(408, 429, 500, 503));
        answers.put("none: the connection is cut", List.of(FaultyServer.CUTS));
        answers.put("none at all", List.of(FaultyServer.IS_SILENT));
        return answers;
    }

    /** Those that are tried again, so that it takes as long as the patience to be told so. */
    private static final Set<Integer> TRIED_AGAIN =
            Set.of(408, 425, 429, 500, 502, 503, 504, FaultyServer.CUTS, FaultyServer.IS_SILENT);

    @TempDir
    Path temp;

    private final ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE);
    private final Semaphore admission = new Semaphore(AT_ONCE);
    private HostIdentity destination;

    @BeforeEach
    void makeIdentity() throws Exception {
        destination = HostIdentity.in(temp.resolve("identity"));
    }

    @AfterEach
    void stop() throws Exception {
        threads.shutdownNow();
    }

    /** One guest that goes to a server which answers so, and does that. */
    private final class Passage implements AutoCloseable {
        private final String xml = "<domain type='qemu'><name>web-1</name><uuid>" + UUID.randomUUID() + "</uuid>"
                + "<memory unit='KiB'>262144</memory><vcpu>1</vcpu>"
                + "<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>"
                + "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>";
        private final InMemoryHypervisor host = new InMemoryHypervisor("host");
        private final Path directory = Files.createTempDirectory(temp, "passage");
        private final HostState state = HostState.open(directory.resolve("state"));
        private final FaultyServer server;
        private final HttpAccess access;
        private final boolean receipt;

        Passage(int answer, Deed deed, boolean receipt) throws IOException, VmmigException {
            this.receipt = receipt;
            this.server = new FaultyServer(answer, deed);
            this.access = Web.access(TRIED_AGAIN.contains(answer) ? 2000 : 20_000);
            byte[] memory = new byte[20_000];
            new Random(7).nextBytes(memory);
            host.start(xml, memory, true);
        }

        private HttpPackage asSeenBySource() throws VmmigException {
            HttpPackage there = HttpPackage.at(server.asSeenBySource())
                    .over(access)
                    .sealedFor(destination.keys())
                    .partBytes(PartIndex.MIN_PART_BYTES);
            return receipt ? there.awaitingReceipt(Duration.ofMillis(1)) : there;
        }

        /** Where the guest is in the end, by way of where it was first. */
        String run() throws Exception {
            Migrator migrator = Migrator.of(host)
                    .from("web-1")
                    .state(state)
                    .to(asSeenBySource())
                    .removingTheGuest()
                    .admittedBy(admission)
                    .inquiryTimeout(Duration.ofMillis(1));
            try {
                migrator.start().await();
            } catch (VmmigException e) {
                assertThat(e.failure().what()).isNotBlank();
            }
            String first = atSource();
            server.mend();
            boolean taken = isTaken();
            List<Resolution> resolved = Recovery.of(host)
                    .state(state)
                    .asking(address ->
                            HttpPackage.at(java.net.URI.create(address)).over(Web.access(20_000)))
                    .run()
                    .resolutions();
            String last = atSource();
            assertThat(resolved).hasSize(first.equals("paused") ? 1 : 0);
            String way = first.equals(last) ? first : first + ", " + last;
            if (last.equals("continues") && taken) {
                return way + ": **runs twice**";
            }
            return last.equals("removed") && !taken ? way + ": **is lost**" : way;
        }

        private String atSource() {
            Optional<GuestState> here = host.stateOf("web-1");
            return here.isEmpty() ? "removed" : here.get() == GuestState.RUNNING ? "continues" : "paused";
        }

        /** The destination takes the package if it can. */
        private boolean isTaken() {
            try (StoredPackage stored = HttpPackage.at(server.asSeenByDestination())
                    .over(Web.access(20_000))
                    .openedBy(destination)
                    .spooledIn(directory.resolve("spool"))
                    .open()) {
                stored.packageStream().readAllBytes();
                stored.taken();
                return true;
            } catch (VmmigException | IOException e) {
                return false;
            }
        }

        @Override
        public void close() throws VmmigException {
            server.close();
            state.images().references().close();
        }
    }

    private Future<String> begin(int answer, Deed deed, boolean receipt) {
        return threads.submit(() -> {
            try (Passage passage = new Passage(answer, deed, receipt)) {
                return passage.run();
            }
        });
    }

    /** A row for each kind of answer, the same for each answer of that kind. */
    private String table(boolean receipt) throws Exception {
        Map<String, List<List<Future<String>>>> rows = new LinkedHashMap<>();
        ANSWERS.forEach((name, kind) -> {
            List<List<Future<String>>> cells = new ArrayList<>();
            for (Deed deed : Deed.values()) {
                List<Integer> tried = receipt ? kind.subList(0, 1) : kind;
                cells.add(tried.stream()
                        .map(answer -> begin(answer, deed, receipt))
                        .toList());
            }
            rows.put(name, cells);
        });
        StringBuilder text = new StringBuilder("\n| the server |");
        ANSWERS.keySet().forEach(name -> text.append(" answers ").append(name).append(" |"));
        text.append("\n| --- |").append(" --- |".repeat(ANSWERS.size())).append('\n');
        for (Deed deed : Deed.values()) {
            text.append("| ").append(deed.words).append(" |");
            for (List<List<Future<String>>> row : rows.values()) {
                Set<String> seen = new TreeSet<>();
                for (Future<String> cell : row.get(deed.ordinal())) {
                    seen.add(cell.get());
                }
                assertThat(seen).as("%s of %s", deed, rows.keySet()).hasSize(1);
                String cell = seen.iterator().next();
                assertThat(!cell.contains("**") || (deed.lies() && !receipt))
                        .as("%s: %s", deed, cell)
                        .isTrue();
                text.append(' ').append(cell).append(" |");
            }
            text.append('\n');
        }
        return text.toString();
    }

    @Test
    void whatBecomesOfTheGuestIsAsTheDocumentsSay() throws Exception {
        String made = table(false) + "\nWith `awaitingReceipt`, and a destination that takes the package when it can:\n"
                + table(true) + "\n";

        String page = Files.readString(PAGE);
        String should =
                page.substring(0, page.indexOf(BEGIN) + BEGIN.length()) + made + page.substring(page.indexOf(END));
        Files.writeString(AS_IT_SHOULD_BE, should);
        assertThat(page).as("see %s", AS_IT_SHOULD_BE).isEqualTo(should);
    }
}
