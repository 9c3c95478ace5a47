# Rebuilds the contents of a package that are stored as pages, from bodies of segments one after the other on stdin, as
# docs/package-format.md says. The latest pages are kept in the file "ring" between calls. No references.
use strict;
use warnings;
use bytes;

my $file = "ring";
my @ring;
if (open my $in, '<:raw', $file) { local $/ = \4096; push @ring, $_ while <$in>; }

binmode STDIN;
binmode STDOUT;
my $body = do { local $/; <STDIN> };
my $length = unpack 'V', $body;
my @code = unpack 'C*', substr $body, 4, $length;
my $data = substr $body, 4 + $length;
my $address = 0;

sub number {
    my ($value, $shift) = (0, 0);
    while (1) {
        my $next = shift @code;
        $value |= ($next & 0x7f) << $shift;
        return $value if $next < 0x80;
        $shift += 7;
    }
}
sub take { return substr $data, 0, $_[0], '' }
sub header { print pack 'Q>', $address | $_[0]; $address += 4096 }
sub content { push @ring, $_[0]; shift @ring if @ring > 8192; print $_[0] }

while (@code) {
    my $op = shift @code;
    my $count = number();
    my $kind = $op & 15;
    if ($kind == 0) { print take($count) }
    elsif ($kind == 1) { $address = $count * 4096 }
    elsif ($kind == 7) { for (1 .. $count) { header(0x22); print "\0" } }
    else {
        my $value = $kind == 3 ? shift @code : $kind == 4 ? number() : 0;
        for (1 .. $count) {
            header(0x28) if $op & 16;
            if ($kind == 2) { content(take(4096)) }
            elsif ($kind == 3) { print chr($value) x 4096 }
            elsif ($kind == 4) { content($ring[-$value]) }
            else { die "instruction $op" }
        }
    }
}
length $data and die "data are left";
open my $out, '>:raw', $file or die;
print $out @ring;
