// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.sun.net.httpserver.HttpServer;
import io.vmmig.lab.Trees;
import io.vmmig.lab.host.InjectionPoint;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.Move;
import io.vmmig.lab.host.MoveFailed;
import io.vmmig.lab.host.ReceiveOptions;
import io.vmmig.lab.host.Resolved;
import io.vmmig.lab.host.Restoring;
import io.vmmig.transport.http.PackageHandler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Guests that go from host to host by way of an HTTP server. */
@Tag("slow")
class HttpIT {
    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    Path packages;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private HttpServer server;
    private URI place;
    private volatile Refusal refusal = Refusal.NONE;

    /** Whether the server answers 403 to the index of a package, and what it has done with that. */
    private enum Refusal {
        NONE,
        OF_WHAT_IS_STORED,
        OF_WHAT_IS_NOT
    }

    @BeforeEach
    void serve() throws Exception {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        PackageHandler handler = PackageHandler.in(packages, (exchange, method, at) -> true);
        server.createContext("/", exchange -> {
            if (refusal == Refusal.NONE
                    || !exchange.getRequestMethod().equals("PUT")
                    || !exchange.getRequestURI().getPath().endsWith("/index")) {
                handler.handle(exchange);
                return;
            }
            byte[] index = exchange.getRequestBody().readAllBytes();
            if (refusal == Refusal.OF_WHAT_IS_STORED) {
                Files.write(packages.resolve("parked/index"), index);
            }
            exchange.sendResponseHeaders(403, -1);
            exchange.close();
        });
        server.setExecutor(threads);
        server.start();
        place = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/parked");
    }

    @AfterEach
    void clear() {
        Hosts.clear();
        server.stop(0);
        threads.shutdownNow();
    }

    @Test
    void aGuestGoesThereAndComesToLifeOnce() {
        LabHost a = Hosts.a();
        LabHost b = Hosts.b();
        LabGuest guest = Hosts.startTiny(a, "parked");
        String sum = guest.memorySum();

        a.saveTo(place, b, "parked", null).await();
        Moves.assertGone(a, "parked");
        Restoring restoring = b.restoreFrom(place, ReceiveOptions.defaults());
        restoring.move().await();
        LabGuest back = restoring.guest("parked").ticking();

        assertThat(back.memorySum()).isEqualTo(sum);
        assertThat(back.records().values()).allMatch(count -> count > 0);
        assertThat(Trees.files(b.guestsDirectory().resolve(".spool"))).isEmpty();
        b.remove("parked");
        assertThatThrownBy(() ->
                        b.restoreFrom(place, ReceiveOptions.defaults()).move().await())
                .isInstanceOf(MoveFailed.class)
                .hasMessageContaining("PACKAGE_REPLAYED");
    }

    @Test
    @Tag("faults")
    void aGuestWhoseIndexIsThereThoughItWasRefusedIsGivenAway() {
        LabHost a = Hosts.a();
        LabHost b = Hosts.b();
        LabGuest guest = Hosts.startTiny(a, "parked");
        String sum = guest.memorySum();
        refusal = Refusal.OF_WHAT_IS_STORED;

        a.saveTo(place, b, "parked", null).await();
        Moves.assertGone(a, "parked");
        Restoring restoring = b.restoreFrom(place, ReceiveOptions.defaults());
        restoring.move().await();
        assertThat(restoring.guest("parked").ticking().memorySum()).isEqualTo(sum);
    }

    @Test
    @Tag("faults")
    void aGuestWhoseIndexWasRefusedContinues() {
        LabHost a = Hosts.a();
        LabHost b = Hosts.b();
        LabGuest guest = Hosts.startTiny(a, "parked");
        String sum = guest.memorySum();
        refusal = Refusal.OF_WHAT_IS_NOT;

        Move move = a.saveTo(place, b, "parked", null);
        assertThatThrownBy(move::await).isInstanceOf(MoveFailed.class).hasMessageContaining("403");
        assertThat(a.stateOf("parked")).isEqualTo("RUNNING");
        assertThat(guest.ticking().memorySum()).isEqualTo(sum);
        assertThat(packages).isEmptyDirectory();
        assertThat(a.recover(b)).isEmpty();
    }

    @Test
    @Tag("faults")
    void theSourceDiesAsItHandsTheGuestOver() {
        LabHost c = Hosts.c();
        LabHost d = Hosts.d();
        LabGuest guest = Hosts.startTiny(c, "parked");
        String sum = guest.memorySum();

        Move move = c.saveTo(place, d, "parked", InjectionPoint.SOURCE_COMMITTED);
        move.awaitStop(SOON);
        c.trouble().killProgram();
        assertThat(catchThrowable(move::await)).isNotNull();
        c.revive();
        List<Resolved> told = c.recover(d);

        assertThat(told).hasSize(1);
        LabGuest alive = guest;
        if (Files.exists(packages.resolve("parked/index"))) {
            Moves.assertGone(c, "parked");
            Restoring restoring = d.restoreFrom(place, ReceiveOptions.defaults());
            restoring.move().await();
            alive = restoring.guest("parked");
        } else {
            assertThat(packages).isEmptyDirectory();
            assertThat(c.stateOf("parked")).isEqualTo("RUNNING");
        }
        assertThat(alive.ticking().memorySum()).as("%s", told).isEqualTo(sum);
        assertThat(c.recover(d)).isEmpty();
    }
}
