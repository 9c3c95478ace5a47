// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.lab.host.Contender;
import io.vmmig.lab.host.Link;
import java.util.List;
import java.util.stream.Stream;

/**
 * A guest, a link, and the ways of moving the one over the other that are compared.
 *
 * @param subject the guest
 * @param link the link
 * @param ways the ways, each of which has its turn in each round
 * @param rounds how often
 */
record Comparison(Subject subject, Link link, List<Way> ways, int rounds) {
    static final Way VMMIG = ByVmmig.first("balanced", Contender.DEFAULT);
    static final Way VMMIG_BACK = ByVmmig.back();
    /** The link that the targets are for. */
    static final Link TARGETED = Link.WAN;

    static final Way PROTOTYPE = ByFiles.zipped(9);

    /** One of each kind. */
    private static final List<Way> FEW =
            List.of(PROTOTYPE, ByFiles.saved("raw"), ByFiles.zstdOnTheWay(), new ByLibvirt(), VMMIG, VMMIG_BACK);

    /** Those that differ over a link. */
    private static final List<Way> OVER_A_LINK = Stream.concat(
                    FEW.stream(),
                    Stream.of(
                            ByFiles.zipped(1),
                            ByFiles.saved("gzip"),
                            ByVmmig.first("fastest", Contender.FASTEST),
                            ByVmmig.first("smallest", Contender.SMALLEST)))
            .toList();

    private static final List<Way> ALL = Stream.concat(
                    OVER_A_LINK.stream(),
                    Stream.of(
                            ByFiles.saved("lzop"),
                            ByFiles.saved("bzip2"),
                            ByFiles.saved("xz"),
                            ByFiles.saved("zstd"),
                            ByFiles.saved("sparse"),
                            ByVmmig.first("with-free-pages", Contender.WITH_FREE_PAGES),
                            ByVmmig.first("sealed", Contender.PROTECTED)))
            .toList();

    /** What one way of each kind does to guests that differ. */
    private static final List<Way> FEWEST = List.of(PROTOTYPE, ByFiles.saved("raw"), VMMIG);

    /** Over a link that is faster than compression. */
    private static final List<Way> QUICKEST =
            List.of(ByFiles.saved("raw"), ByFiles.zstdOnTheWay(), new ByLibvirt(), VMMIG);

    /** Over a link on which the others would take the whole hour. */
    private static final List<Way> SHORTEST = List.of(PROTOTYPE, ByFiles.zstdOnTheWay(), VMMIG, VMMIG_BACK);

    private static final int ROUNDS = 5;

    /** Small, to see whether something has changed. */
    static final List<Comparison> QUICK = List.of(
            new Comparison(Subject.TINY_X86_64, Link.PLAIN, FEW, 3),
            new Comparison(Subject.TINY_X86_64, Link.WAN, FEW, 2));

    /** All guests, all links, all ways. */
    static final List<Comparison> FULL = List.of(
            new Comparison(Subject.DEBIAN_IDLE, Link.PLAIN, ALL, ROUNDS),
            new Comparison(Subject.DEBIAN_IDLE, Link.GIGABIT, QUICKEST, ROUNDS),
            new Comparison(Subject.DEBIAN_IDLE, Link.WAN, OVER_A_LINK, ROUNDS),
            new Comparison(Subject.DEBIAN_IDLE, Link.FAR, SHORTEST, ROUNDS),
            new Comparison(Subject.TINY_X86_64, Link.PLAIN, FEWEST, ROUNDS),
            new Comparison(Subject.TINY_AARCH64, Link.PLAIN, FEWEST, ROUNDS),
            new Comparison(Subject.DEBIAN_FILES, Link.PLAIN, FEWEST, ROUNDS),
            new Comparison(Subject.REDIS_HOLDING, Link.PLAIN, FEWEST, ROUNDS),
            new Comparison(Subject.REDIS_FLUSHED, Link.PLAIN, FEWEST, ROUNDS),
            new Comparison(Subject.ALL_TOUCHED, Link.PLAIN, FEWEST, ROUNDS));

    /** The same, in so many rounds. */
    Comparison in(int otherRounds) {
        return new Comparison(subject, link, ways, otherRounds);
    }

    String title() {
        return subject.title() + ", " + link.title();
    }
}
