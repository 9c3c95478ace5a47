// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.lab.host.Link;
import io.vmmig.lab.host.SendProfile;
import java.util.List;
import java.util.stream.Stream;

/**
 * A guest, a link, and the methods of moving the guest over the link that are compared.
 *
 * @param subject the guest
 * @param link the link
 * @param methods the methods; each moves the guest once in each round
 * @param rounds how many rounds
 */
record Comparison(Subject subject, Link link, List<MigrationMethod> methods, int rounds) {
    static final MigrationMethod VMMIG = ByVmmig.first("balanced", SendProfile.DEFAULT);
    static final MigrationMethod VMMIG_WARM = ByVmmig.first("warm", SendProfile.WARM);
    static final MigrationMethod VMMIG_LIVE = ByVmmig.first("live", SendProfile.LIVE);
    static final MigrationMethod VMMIG_BACK = ByVmmig.back();
    /** The link for which there are targets. */
    static final Link TARGETED = Link.WAN;

    static final MigrationMethod PROTOTYPE = ByFiles.zipped(9);

    /** One of each kind. */
    private static final List<MigrationMethod> FEW =
            List.of(PROTOTYPE, ByFiles.saved("raw"), ByFiles.zstdOnTheWay(), new ByLibvirt(false), VMMIG, VMMIG_BACK);

    /** Methods that differ by what they send. */
    private static final List<MigrationMethod> OVER_A_LINK = Stream.concat(
                    FEW.stream(),
                    Stream.of(
                            ByFiles.zipped(1),
                            ByFiles.saved("gzip"),
                            ByVmmig.first("fastest", SendProfile.FASTEST),
                            ByVmmig.first("smallest", SendProfile.SMALLEST)))
            .toList();

    private static final List<MigrationMethod> ALL = Stream.concat(
                    OVER_A_LINK.stream(),
                    Stream.of(
                            ByFiles.saved("lzop"),
                            ByFiles.saved("bzip2"),
                            ByFiles.saved("xz"),
                            ByFiles.saved("zstd"),
                            ByFiles.saved("sparse"),
                            ByVmmig.first("with-free-pages", SendProfile.WITH_FREE_PAGES),
                            ByVmmig.first("sealed", SendProfile.PROTECTED)))
            .toList();

    /** One method of each kind, for different guests. */
    private static final List<MigrationMethod> FEWEST = List.of(PROTOTYPE, ByFiles.saved("raw"), VMMIG);

    /** Over a link that is faster than compression. */
    private static final List<MigrationMethod> QUICKEST =
            List.of(ByFiles.saved("raw"), ByFiles.zstdOnTheWay(), new ByLibvirt(false), VMMIG);

    /** Over a link on which the other methods would take an hour. */
    private static final List<MigrationMethod> SHORTEST = List.of(PROTOTYPE, ByFiles.zstdOnTheWay(), VMMIG, VMMIG_BACK);

    private static final List<MigrationMethod> WHILE_IT_RUNS =
            List.of(new ByLibvirt(true), VMMIG_LIVE, VMMIG_WARM, VMMIG);

    private static final int ROUNDS = 5;

    /** A short run, to see whether something has changed. */
    static final List<Comparison> QUICK = List.of(
            new Comparison(Subject.TINY_X86_64, Link.PLAIN, FEW, 3),
            new Comparison(Subject.TINY_X86_64, Link.WAN, FEW, 2));

    /** All guests, all links, all methods. */
    static final List<Comparison> FULL = List.of(
            new Comparison(Subject.DEBIAN_IDLE, Link.PLAIN, ALL, ROUNDS),
            new Comparison(Subject.DEBIAN_IDLE, Link.GIGABIT, QUICKEST, ROUNDS),
            new Comparison(Subject.DEBIAN_IDLE, Link.WAN, OVER_A_LINK, ROUNDS),
            new Comparison(Subject.DEBIAN_IDLE, Link.FAR, SHORTEST, ROUNDS),
            new Comparison(Subject.TINY_X86_64, Link.PLAIN, FEWEST, ROUNDS),
            new Comparison(Subject.TINY_AARCH64, Link.PLAIN, FEWEST, ROUNDS),
            new Comparison(Subject.DEBIAN_FILES, Link.PLAIN, FEWEST, ROUNDS),
            new Comparison(Subject.REDIS_HOLDING, Link.PLAIN, FEWEST, ROUNDS),
            new Comparison(Subject.REDIS_HOLDING, Link.WAN, List.of(VMMIG, VMMIG_WARM), 3),
            new Comparison(Subject.REDIS_FLUSHED, Link.PLAIN, FEWEST, ROUNDS),
            new Comparison(Subject.ALL_TOUCHED, Link.PLAIN, FEWEST, ROUNDS));

    /** Guests that run meanwhile, between hosts whose QEMU can do that under emulation. */
    static final List<Comparison> LIVE = List.of(
            new Comparison(Subject.DEBIAN_IDLE, Link.WAN, WHILE_IT_RUNS, 3),
            new Comparison(Subject.REDIS_CHANGING, Link.WAN, WHILE_IT_RUNS, 3),
            new Comparison(Subject.TINY_CHANGING, Link.WAN, WHILE_IT_RUNS, 3));

    /** The same, with that many rounds. */
    Comparison in(int otherRounds) {
        return new Comparison(subject, link, methods, otherRounds);
    }

    String title() {
        return subject.title() + ", " + link.title();
    }
}
