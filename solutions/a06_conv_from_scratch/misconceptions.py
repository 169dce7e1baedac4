"""Wrong answers that students of a06 really write, each with the sentence that helps.

The letters are those of reference.py. Every function is complete and stands alone.
"""

import math

import torch
import torch.nn.functional as F

# --- conv_out_size ---------------------------------------------------------------


def conv_out_size__rounds_up(n, k, stride=1, pad=0, dilation=1):
    """You round up: a last position that hangs over the edge is no position, so a
    division with a remainder is rounded down."""
    span = dilation * (k - 1) + 1
    return max(0, math.ceil((n + 2 * pad - span) / stride) + 1)


def conv_out_size__ignores_dilation(n, k, stride=1, pad=0, dilation=1):
    """You ignore the dilation: taps that lie apart make the kernel longer than its
    number of taps. Draw a kernel of 3 taps with dilation 2 and count what it spans."""
    return max(0, (n + 2 * pad - k) // stride + 1)


def conv_out_size__pads_once(n, k, stride=1, pad=0, dilation=1):
    """You count the padding once: it is added at both ends of the axis."""
    return max(0, (n + pad - dilation * (k - 1) - 1) // stride + 1)


def conv_out_size__forgets_the_start(n, k, stride=1, pad=0, dilation=1):
    """You count the steps, not the positions: a kernel that makes three steps has
    stood in four places."""
    return max(0, (n + 2 * pad - dilation * (k - 1) - 1) // stride)


def conv_out_size__span_one_too_long(n, k, stride=1, pad=0, dilation=1):
    """You take k * dilation for the span of the kernel: k taps have only k - 1 gaps
    between them."""
    return max(0, (n + 2 * pad - dilation * k) // stride + 1)


def conv_out_size__goes_negative(n, k, stride=1, pad=0, dilation=1):
    """Your formula goes below zero: a kernel that is longer than the padded axis has
    no position, and there is no fewer than none."""
    return (n + 2 * pad - dilation * (k - 1) - 1) // stride + 1


def conv_out_size__truncates_towards_zero(n, k, stride=1, pad=0, dilation=1):
    """Your rounding goes towards zero, not down: a kernel that is slightly too long
    gets one position. int(-1 / 2) is 0, but -1 // 2 is -1."""
    return max(0, int((n + 2 * pad - dilation * (k - 1) - 1) / stride) + 1)


def conv_out_size__returns_a_float(n, k, stride=1, pad=0, dilation=1):
    """Your number is right but a float: a count is an int, or range() and torch.empty()
    refuse it. Use // instead of / and floor."""
    return float(max(0, (n + 2 * pad - dilation * (k - 1) - 1) // stride + 1))


# --- conv2d_naive ----------------------------------------------------------------


def conv2d_naive__flips_the_kernel(x, w, b, stride=1, pad=0):
    """You flip the kernel: the convolution of mathematics does, the one of deep
    learning does not. The first tap meets the first pixel of the window."""
    kh, kw = w.shape[2:]
    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    out = torch.einsum("ncrsij,fcij->nfrs", windows, w.flip(2, 3))
    return out + b[:, None, None]


def conv2d_naive__swaps_height_and_width(x, w, b, stride=1, pad=0):
    """You swap height and width of the kernel: w is (F, C, kh, kw), rows first, like
    the image. A square kernel hides this, a 3 x 2 one does not."""
    w = w.transpose(2, 3)
    kh, kw = w.shape[2:]
    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    out = torch.einsum("ncrsij,fcij->nfrs", windows, w)
    return out + b[:, None, None]


def conv2d_naive__pads_one_side(x, w, b, stride=1, pad=0):
    """You pad only at the top and at the left: `pad` zeros belong on each of the four
    sides, so height and width grow by 2 * pad."""
    kh, kw = w.shape[2:]
    padded = F.pad(x, (pad, 0, pad, 0))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    out = torch.einsum("ncrsij,fcij->nfrs", windows, w)
    return out + b[:, None, None]


def conv2d_naive__pads_everything_at_the_start(x, w, b, stride=1, pad=0):
    """Your output has the right size but is shifted: all the zeros seem to be at the
    top and at the left. Half of them belong at the bottom and at the right."""
    kh, kw = w.shape[2:]
    padded = F.pad(x, (2 * pad, 0, 2 * pad, 0))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    out = torch.einsum("ncrsij,fcij->nfrs", windows, w)
    return out + b[:, None, None]


def conv2d_naive__bias_per_input_channel(x, w, b, stride=1, pad=0):
    """You add the bias once per input channel: first the sum over the channels, then
    one bias on top."""
    kh, kw = w.shape[2:]
    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    out = torch.einsum("ncrsij,fcij->nfrs", windows, w)
    return out + x.shape[1] * b[:, None, None]


def conv2d_naive__forgets_the_bias(x, w, b, stride=1, pad=0):
    """You leave the bias out: b[f] is added to every pixel of output channel f."""
    kh, kw = w.shape[2:]
    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    return torch.einsum("ncrsij,fcij->nfrs", windows, w)


def conv2d_naive__ignores_stride(x, w, b, stride=1, pad=0):
    """Your output has the size that the stride asks for, but the kernel moves on by
    one pixel only: output pixel (r, s) looks at the window that starts at
    (r * stride, s * stride)."""
    kh, kw = w.shape[2:]
    padded = F.pad(x, (pad, pad, pad, pad))
    rows = (padded.shape[2] - kh) // stride + 1
    columns = (padded.shape[3] - kw) // stride + 1
    windows = padded.unfold(2, kh, 1).unfold(3, kw, 1)[:, :, :rows, :columns]
    out = torch.einsum("ncrsij,fcij->nfrs", windows, w)
    return out + b[:, None, None]


def conv2d_naive__one_position_short(x, w, b, stride=1, pad=0):
    """Your loops stop one position early: a kernel of height kh fits H - kh + 1 times
    into H rows, and the last of them counts."""
    kh, kw = w.shape[2:]
    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)[:, :, :-1, :-1]
    out = torch.einsum("ncrsij,fcij->nfrs", windows, w)
    return out + b[:, None, None]


def conv2d_naive__default_dtype_and_device(x, w, b, stride=1, pad=0):
    """Your output is always float32 and on the CPU: torch.zeros(...) alone does not
    know what x is. Give it dtype=x.dtype, device=x.device, or use x.new_zeros(...)."""
    kh, kw = w.shape[2:]
    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    rows, columns = windows.shape[2:4]
    out = torch.zeros(len(x), len(w), rows, columns)
    out[:] = torch.einsum("ncrsij,fcij->nfrs", windows, w) + b[:, None, None]
    return out


# --- receptive_field -------------------------------------------------------------


def receptive_field__own_stride_counted(layers):
    """You multiply by a layer's own stride before you add its kernel: the taps of a
    layer lie as far apart as its inputs do; its stride moves only its outputs
    apart, which is the next layer's business."""
    size, jump = 1, 1
    for k, stride, dilation in layers:
        jump *= stride
        size += (k - 1) * dilation * jump
    return size, jump


def receptive_field__strides_at_the_end(layers):
    """You multiply all the kernels by all the strides at the end: a stride stretches
    only the layers that come after it."""
    span, jump = 0, 1
    for k, stride, dilation in layers:
        span += (k - 1) * dilation
        jump *= stride
    return 1 + span * jump, jump


def receptive_field__ignores_stride(layers):
    """You leave the strides out of the size: after a layer with stride 2,
    neighbouring pixels are two input pixels apart, and a kernel on top of it reaches
    twice as far."""
    jump = math.prod(stride for _, stride, _ in layers)
    return 1 + sum((k - 1) * dilation for k, _, dilation in layers), jump


def receptive_field__ignores_dilation(layers):
    """You ignore the dilation: k taps that lie d apart reach (k - 1) * d pixels on,
    not k - 1."""
    size, jump = 1, 1
    for k, stride, _ in layers:
        size += (k - 1) * jump
        jump *= stride
    return size, jump


def receptive_field__adds_whole_kernels(layers):
    """You add k per layer instead of k - 1: one tap falls on what was seen already,
    only the others widen the field. One 3-tap layer sees 3 pixels, not 4."""
    size, jump = 1, 1
    for k, stride, dilation in layers:
        size += k * dilation * jump
        jump *= stride
    return size, jump


def receptive_field__recursion_from_the_wrong_end(layers):
    """You run the recursion size <- (size - 1) * stride + span from the input to the
    output: it asks how many inputs feed `size` outputs of one layer, so it must start
    at the last layer and walk back."""
    size, jump = 1, 1
    for k, stride, dilation in layers:
        size = (size - 1) * stride + (k - 1) * dilation + 1
        jump *= stride
    return size, jump


def receptive_field__adds_strides(layers):
    """You add the strides up: two layers with stride 3 take one pixel in nine, not
    one in six. Strides multiply."""
    size, jump = 1, 1
    for k, stride, dilation in layers:
        size += (k - 1) * dilation * jump
        jump += stride - 1
    return size, jump


# --- im2col ----------------------------------------------------------------------


def im2col__channels_last(x, kh, kw, stride=1, pad=0):
    """Your rows run through the window first and through the channels last: all taps
    of channel 0 come first, so that w.reshape(F, -1) has the same order."""
    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)  # n c r s i j
    return windows.permute(0, 4, 5, 1, 2, 3).flatten(1, 3).flatten(2)


def im2col__window_column_by_column(x, kh, kw, stride=1, pad=0):
    """You read the window column by column: a window is written down row by row, with
    j running faster than i."""
    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    return windows.permute(0, 1, 5, 4, 2, 3).flatten(1, 3).flatten(2)


def im2col__positions_column_by_column(x, kh, kw, stride=1, pad=0):
    """Your windows come in the order of columns: they are numbered row by row, so the
    second column of the matrix is the window one step to the right."""
    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    return windows.permute(0, 1, 4, 5, 3, 2).flatten(1, 3).flatten(2)


def im2col__one_row_per_window(x, kh, kw, stride=1, pad=0):
    """Your matrix is transposed, one row per window: here a window is a column, so
    that (F, C kh kw) times (C kh kw, L) gives the output."""
    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    return windows.permute(0, 2, 3, 1, 4, 5).flatten(1, 2).flatten(2)


def im2col__reshapes_without_permuting(x, kh, kw, stride=1, pad=0):
    """The shape is right and the numbers are mixed up: reshape never moves an axis.
    Bring channel, row and column of the window to the front (permute) before you
    flatten."""
    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    return windows.reshape(x.shape[0], x.shape[1] * kh * kw, -1)


def im2col__pads_one_side(x, kh, kw, stride=1, pad=0):
    """You pad only at the top and at the left: `pad` zeros belong on each of the four
    sides."""
    padded = F.pad(x, (pad, 0, pad, 0))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    return windows.permute(0, 1, 4, 5, 2, 3).flatten(1, 3).flatten(2)


def im2col__ignores_stride(x, kh, kw, stride=1, pad=0):
    """You cut out a window at every pixel: with stride 2 only every second one, in
    both directions, becomes a column."""
    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, kh, 1).unfold(3, kw, 1)
    return windows.permute(0, 1, 4, 5, 2, 3).flatten(1, 3).flatten(2)


def im2col__default_dtype_and_device(x, kh, kw, stride=1, pad=0):
    """Your matrix is always float32 and on the CPU: torch.zeros(...) alone does not
    know what x is. Give it dtype=x.dtype, device=x.device, or use x.new_zeros(...)."""
    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    windows = windows.permute(0, 1, 4, 5, 2, 3).flatten(1, 3).flatten(2)
    out = torch.zeros(windows.shape)
    out[:] = windows
    return out


# --- col2im ----------------------------------------------------------------------


def col2im__overlaps_overwritten(cols, shape, kh, kw, stride=1, pad=0):
    """Where windows overlap, the last one overwrites the others: add (+=) instead of
    assigning, since a pixel that was copied four times collects four gradients."""
    n, c, height, width = shape
    rows = (height + 2 * pad - kh) // stride + 1
    columns = (width + 2 * pad - kw) // stride + 1
    cols = cols.reshape(n, c, kh, kw, rows, columns)
    image = cols.new_zeros(n, c, height + 2 * pad, width + 2 * pad)
    for r in range(rows):
        for s in range(columns):
            top, left = r * stride, s * stride
            image[:, :, top : top + kh, left : left + kw] = cols[..., r, s]
    return image[:, :, pad : pad + height, pad : pad + width]


def col2im__overlaps_averaged(cols, shape, kh, kw, stride=1, pad=0):
    """You average where windows overlap, which would undo im2col: wanted is its
    transpose, the sum. (A gradient adds up over all ways to the loss.)"""
    n, c, height, width = shape
    rows = (height + 2 * pad - kh) // stride + 1
    columns = (width + 2 * pad - kw) // stride + 1
    cols = cols.reshape(n, c, kh, kw, rows, columns)
    image = cols.new_zeros(n, c, height + 2 * pad, width + 2 * pad)
    times = torch.zeros_like(image)
    for r in range(rows):
        for s in range(columns):
            top, left = r * stride, s * stride
            image[:, :, top : top + kh, left : left + kw] += cols[..., r, s]
            times[:, :, top : top + kh, left : left + kw] += 1
    image = image / times.clamp(min=1)
    return image[:, :, pad : pad + height, pad : pad + width]


def col2im__padding_not_cropped(cols, shape, kh, kw, stride=1, pad=0):
    """You return the padded image: `shape` is the image without padding, so cut the
    border off again."""
    n, c, height, width = shape
    rows = (height + 2 * pad - kh) // stride + 1
    columns = (width + 2 * pad - kw) // stride + 1
    cols = cols.reshape(n, c, kh, kw, rows, columns)
    image = cols.new_zeros(n, c, height + 2 * pad, width + 2 * pad)
    for r in range(rows):
        for s in range(columns):
            top, left = r * stride, s * stride
            image[:, :, top : top + kh, left : left + kw] += cols[..., r, s]
    return image


def col2im__cropped_at_the_far_end(cols, shape, kh, kw, stride=1, pad=0):
    """You cut the whole padding off at the bottom and at the right: the image starts
    `pad` rows down and `pad` columns in."""
    n, c, height, width = shape
    rows = (height + 2 * pad - kh) // stride + 1
    columns = (width + 2 * pad - kw) // stride + 1
    cols = cols.reshape(n, c, kh, kw, rows, columns)
    image = cols.new_zeros(n, c, height + 2 * pad, width + 2 * pad)
    for r in range(rows):
        for s in range(columns):
            top, left = r * stride, s * stride
            image[:, :, top : top + kh, left : left + kw] += cols[..., r, s]
    return image[:, :, :height, :width]


def col2im__channels_last(cols, shape, kh, kw, stride=1, pad=0):
    """You read the rows as (kh, kw, C): im2col wrote them as (C, kh, kw), all taps of
    channel 0 first."""
    n, c, height, width = shape
    rows = (height + 2 * pad - kh) // stride + 1
    columns = (width + 2 * pad - kw) // stride + 1
    cols = cols.reshape(n, kh, kw, c, rows, columns).permute(0, 3, 1, 2, 4, 5)
    image = cols.new_zeros(n, c, height + 2 * pad, width + 2 * pad)
    for r in range(rows):
        for s in range(columns):
            top, left = r * stride, s * stride
            image[:, :, top : top + kh, left : left + kw] += cols[..., r, s]
    return image[:, :, pad : pad + height, pad : pad + width]


def col2im__positions_column_by_column(cols, shape, kh, kw, stride=1, pad=0):
    """You number the windows column by column: im2col went row by row, so L splits
    into (H', W') in this order."""
    n, c, height, width = shape
    rows = (height + 2 * pad - kh) // stride + 1
    columns = (width + 2 * pad - kw) // stride + 1
    cols = cols.reshape(n, c, kh, kw, columns, rows)
    image = cols.new_zeros(n, c, height + 2 * pad, width + 2 * pad)
    for r in range(rows):
        for s in range(columns):
            top, left = r * stride, s * stride
            image[:, :, top : top + kh, left : left + kw] += cols[..., s, r]
    return image[:, :, pad : pad + height, pad : pad + width]


# --- conv2d_backward -------------------------------------------------------------


def conv2d_backward__stride_not_dilated(dout, cache):
    """Your dx treats neighbouring gradients as if their windows lay one pixel apart:
    with stride 2 they lie two apart. Either spread dout out with zeros in between, or
    add window by window at (r * stride, s * stride)."""
    x, w, stride, pad = cache
    kh, kw = w.shape[2:]
    rows, columns = dout.shape[2:]
    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    dw = torch.einsum("nfrs,ncrsij->fcij", dout, windows)
    dpadded = torch.zeros_like(padded)
    for i in range(kh):
        for j in range(kw):
            back = torch.einsum("nfrs,fc->ncrs", dout, w[:, :, i, j])
            dpadded[:, :, i : i + rows, j : j + columns] += back
    dx = dpadded[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]]
    return dx, dw, dout.sum(dim=(0, 2, 3))


def conv2d_backward__padding_not_removed(dout, cache):
    """Your dx still has the padding on it: the zeros were never part of x, so their
    gradient is cut off again."""
    x, w, stride, pad = cache
    kh, kw = w.shape[2:]
    rows, columns = dout.shape[2:]
    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    dw = torch.einsum("nfrs,ncrsij->fcij", dout, windows)
    dpadded = torch.zeros_like(padded)
    for r in range(rows):
        for s in range(columns):
            top, left = r * stride, s * stride
            back = torch.einsum("nf,fcij->ncij", dout[:, :, r, s], w)
            dpadded[:, :, top : top + kh, left : left + kw] += back
    return dpadded, dw, dout.sum(dim=(0, 2, 3))


def conv2d_backward__padding_removed_at_the_far_end(dout, cache):
    """Your dx has the right size but is shifted: you cut the padding off at the
    bottom and at the right only. The image starts `pad` rows and columns in."""
    x, w, stride, pad = cache
    kh, kw = w.shape[2:]
    rows, columns = dout.shape[2:]
    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    dw = torch.einsum("nfrs,ncrsij->fcij", dout, windows)
    dpadded = torch.zeros_like(padded)
    for r in range(rows):
        for s in range(columns):
            top, left = r * stride, s * stride
            back = torch.einsum("nf,fcij->ncij", dout[:, :, r, s], w)
            dpadded[:, :, top : top + kh, left : left + kw] += back
    dx = dpadded[:, :, : x.shape[2], : x.shape[3]]
    return dx, dw, dout.sum(dim=(0, 2, 3))


def conv2d_backward__db_averaged(dout, cache):
    """Your db is an average: the bias was added once to every output pixel of every
    image, so its gradient is the sum over all of them. If the loss is an average,
    dout knows it already."""
    x, w, stride, pad = cache
    kh, kw = w.shape[2:]
    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    dw = torch.einsum("nfrs,ncrsij->fcij", dout, windows)
    dpadded = torch.zeros_like(padded)
    for r in range(dout.shape[2]):
        for s in range(dout.shape[3]):
            top, left = r * stride, s * stride
            back = torch.einsum("nf,fcij->ncij", dout[:, :, r, s], w)
            dpadded[:, :, top : top + kh, left : left + kw] += back
    dx = dpadded[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]]
    return dx, dw, dout.mean(dim=(0, 2, 3))


def conv2d_backward__batch_averaged(dout, cache):
    """You divide dw and db by the number of images: averaging is the loss's business
    and is in dout already. Here the images are added up."""
    x, w, stride, pad = cache
    kh, kw = w.shape[2:]
    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    dw = torch.einsum("nfrs,ncrsij->fcij", dout, windows) / len(x)
    dpadded = torch.zeros_like(padded)
    for r in range(dout.shape[2]):
        for s in range(dout.shape[3]):
            top, left = r * stride, s * stride
            back = torch.einsum("nf,fcij->ncij", dout[:, :, r, s], w)
            dpadded[:, :, top : top + kh, left : left + kw] += back
    dx = dpadded[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]]
    return dx, dw, dout.sum(dim=(0, 2, 3)) / len(x)


def conv2d_backward__flip_missing(dout, cache):
    """Your dx has the kernel the wrong way round. If every pixel collects from dout,
    the kernel is turned by 180 degrees; if every gradient stamps the kernel on its
    window, the kernel stays upright. You seem to mix the two."""
    x, w, stride, pad = cache
    kh, kw = w.shape[2:]
    rows, columns = dout.shape[2:]
    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    dw = torch.einsum("nfrs,ncrsij->fcij", dout, windows)
    turned = w.flip(2, 3)
    dpadded = torch.zeros_like(padded)
    for r in range(rows):
        for s in range(columns):
            top, left = r * stride, s * stride
            back = torch.einsum("nf,fcij->ncij", dout[:, :, r, s], turned)
            dpadded[:, :, top : top + kh, left : left + kw] += back
    dx = dpadded[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]]
    return dx, dw, dout.sum(dim=(0, 2, 3))


def conv2d_backward__overlaps_overwritten(dout, cache):
    """Where windows overlap, your dx keeps only the last gradient: a pixel that was
    seen nine times collects nine contributions. Add, do not assign."""
    x, w, stride, pad = cache
    kh, kw = w.shape[2:]
    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    dw = torch.einsum("nfrs,ncrsij->fcij", dout, windows)
    dpadded = torch.zeros_like(padded)
    for r in range(dout.shape[2]):
        for s in range(dout.shape[3]):
            top, left = r * stride, s * stride
            back = torch.einsum("nf,fcij->ncij", dout[:, :, r, s], w)
            dpadded[:, :, top : top + kh, left : left + kw] = back
    dx = dpadded[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]]
    return dx, dw, dout.sum(dim=(0, 2, 3))


def conv2d_backward__unpadded_image_in_dw(dout, cache):
    """Your dw pairs the gradients with the wrong pixels once there is padding: the
    kernel slid over the padded image, so dw must be computed from that one."""
    x, w, stride, pad = cache
    kh, kw = w.shape[2:]
    shifted = F.pad(x, (0, 2 * pad, 0, 2 * pad))
    windows = shifted.unfold(2, kh, stride).unfold(3, kw, stride)
    dw = torch.einsum("nfrs,ncrsij->fcij", dout, windows)
    dpadded = torch.zeros_like(shifted)
    for r in range(dout.shape[2]):
        for s in range(dout.shape[3]):
            top, left = r * stride, s * stride
            back = torch.einsum("nf,fcij->ncij", dout[:, :, r, s], w)
            dpadded[:, :, top : top + kh, left : left + kw] += back
    dx = dpadded[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]]
    return dx, dw, dout.sum(dim=(0, 2, 3))


# --- maxpool2d -------------------------------------------------------------------


def maxpool2d__pads_with_zero(x, kh, kw, stride, pad=0):
    """You pad with zeros: next to a negative image a zero wins the window. Pad with
    -inf, which never wins."""
    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    out, winner = windows.flatten(4).max(dim=-1)
    return out, (winner, x.shape, kh, kw, stride, pad)


def maxpool2d__stride_is_kernel(x, kh, kw, stride, pad=0):
    """You move the window on by its own size: `stride` says how far it moves, and
    windows may overlap or leave gaps."""
    border = (pad, pad, pad, pad)
    padded = F.pad(x, border, value=float("-inf"))
    windows = padded.unfold(2, kh, kh).unfold(3, kw, kw)
    out, winner = windows.flatten(4).max(dim=-1)
    return out, (winner, x.shape, kh, kw, stride, pad)


def maxpool2d_backward__stride_is_kernel(dout, cache):
    """You move the window on by its own size: `stride` says how far it moves, and
    windows may overlap or leave gaps."""
    winner, (n, c, height, width), kh, kw, _, pad = cache
    padded = dout.new_zeros(n, c, height + 2 * pad, width + 2 * pad)
    for r in range(dout.shape[2]):
        for s in range(dout.shape[3]):
            here = torch.arange(kh * kw, device=dout.device)
            won = (winner[:, :, r, s, None] == here).reshape(n, c, kh, kw)
            top, left = r * kh, s * kw
            share = dout[:, :, r, s, None, None] * won
            padded[:, :, top : top + kh, left : left + kw] += share
    return padded[:, :, pad : pad + height, pad : pad + width]


def maxpool2d__swaps_height_and_width(x, kh, kw, stride, pad=0):
    """You swap height and width of the window: kh counts rows, kw columns."""
    kh, kw = kw, kh
    padded = F.pad(x, (pad, pad, pad, pad), value=float("-inf"))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    out, winner = windows.flatten(4).max(dim=-1)
    return out, (winner, x.shape, kh, kw, stride, pad)


def maxpool2d__ties_get_it_all(x, kh, kw, stride, pad=0):
    """On a tie you pay the gradient to every pixel that shares the maximum, so more
    comes out than went in. It is paid once, to the first of them."""
    padded = F.pad(x, (pad, pad, pad, pad), value=float("-inf"))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    out = windows.amax(dim=(-2, -1))
    return out, (windows == out[..., None, None], x.shape, stride, pad)


def maxpool2d_backward__ties_get_it_all(dout, cache):
    """On a tie you pay the gradient to every pixel that shares the maximum, so more
    comes out than went in. It is paid once, to the first of them."""
    won, (n, c, height, width), stride, pad = cache
    kh, kw = won.shape[-2:]
    padded = dout.new_zeros(n, c, height + 2 * pad, width + 2 * pad)
    for r in range(dout.shape[2]):
        for s in range(dout.shape[3]):
            top, left = r * stride, s * stride
            share = dout[:, :, r, s, None, None] * won[:, :, r, s]
            padded[:, :, top : top + kh, left : left + kw] += share
    return padded[:, :, pad : pad + height, pad : pad + width]


def maxpool2d__ties_share(x, kh, kw, stride, pad=0):
    """On a tie you split the gradient evenly: a possible choice, but not the one of
    this exercise (nor of torch). The first of the winners, in reading order, gets all
    of it."""
    padded = F.pad(x, (pad, pad, pad, pad), value=float("-inf"))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    out = windows.amax(dim=(-2, -1))
    return out, (windows == out[..., None, None], x.shape, stride, pad)


def maxpool2d_backward__ties_share(dout, cache):
    """On a tie you split the gradient evenly: a possible choice, but not the one of
    this exercise (nor of torch). The first of the winners, in reading order, gets all
    of it."""
    won, (n, c, height, width), stride, pad = cache
    kh, kw = won.shape[-2:]
    part = won / won.sum(dim=(-2, -1), keepdim=True)
    padded = dout.new_zeros(n, c, height + 2 * pad, width + 2 * pad)
    for r in range(dout.shape[2]):
        for s in range(dout.shape[3]):
            top, left = r * stride, s * stride
            share = dout[:, :, r, s, None, None] * part[:, :, r, s]
            padded[:, :, top : top + kh, left : left + kw] += share.to(dout.dtype)
    return padded[:, :, pad : pad + height, pad : pad + width]


def maxpool2d__last_winner(x, kh, kw, stride, pad=0):
    """On a tie you pay the last of the winners: the first one in reading order gets
    the gradient. Replace the best so far only where the new pixel is larger, not
    where it is equal."""
    padded = F.pad(x, (pad, pad, pad, pad), value=float("-inf"))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    out, winner = windows.flatten(4).flip(-1).max(dim=-1)
    return out, (kh * kw - 1 - winner, x.shape, kh, kw, stride, pad)


def maxpool2d_backward__overlaps_overwritten(dout, cache):
    """A pixel that wins two windows keeps only one gradient: add the contributions of
    all the windows that it wins."""
    winner, (n, c, height, width), kh, kw, stride, pad = cache
    padded = dout.new_zeros(n, c, height + 2 * pad, width + 2 * pad)
    for r in range(dout.shape[2]):
        for s in range(dout.shape[3]):
            here = torch.arange(kh * kw, device=dout.device)
            won = (winner[:, :, r, s, None] == here).reshape(n, c, kh, kw)
            top, left = r * stride, s * stride
            old = padded[:, :, top : top + kh, left : left + kw]
            new = torch.where(won, dout[:, :, r, s, None, None], old)
            padded[:, :, top : top + kh, left : left + kw] = new
    return padded[:, :, pad : pad + height, pad : pad + width]


def maxpool2d_backward__padding_not_removed(dout, cache):
    """Your dx still has the border on it: cut it off, dx is shaped like x."""
    winner, (n, c, height, width), kh, kw, stride, pad = cache
    rows, columns = dout.shape[2:]
    padded = dout.new_zeros(n, c, height + 2 * pad, width + 2 * pad)
    for i in range(kh):
        for j in range(kw):
            down = slice(i, i + stride * rows, stride)
            right = slice(j, j + stride * columns, stride)
            padded[:, :, down, right] += dout * (winner == i * kw + j)
    return padded


# --- avgpool2d -------------------------------------------------------------------


def avgpool2d__padding_counted(x, kh, kw, stride, pad=0):
    """You count the padding as pixels: at the border you divide by kh * kw although
    fewer pixels exist, which darkens the edge. Divide by the number of real ones."""
    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    pixels = torch.full_like(x[:1, :1, :1, :1], kh * kw)
    out = windows.mean(dim=(-2, -1))
    return out, (pixels, x.shape, kh, kw, stride, pad)


def avgpool2d__stride_is_kernel(x, kh, kw, stride, pad=0):
    """You move the window on by its own size: `stride` says how far it moves, and
    windows may overlap or leave gaps."""
    border = (pad, pad, pad, pad)
    inside = F.pad(torch.ones_like(x[:1, :1]), border)
    pixels = inside.unfold(2, kh, kh).unfold(3, kw, kw).sum(dim=(-2, -1))
    windows = F.pad(x, border).unfold(2, kh, kh).unfold(3, kw, kw)
    out = windows.sum(dim=(-2, -1)) / pixels
    return out, (pixels, x.shape, kh, kw, stride, pad)


def avgpool2d_backward__stride_is_kernel(dout, cache):
    """You move the window on by its own size: `stride` says how far it moves, and
    windows may overlap or leave gaps."""
    pixels, (n, c, height, width), kh, kw, _, pad = cache
    padded = dout.new_zeros(n, c, height + 2 * pad, width + 2 * pad)
    share = dout / pixels
    for r in range(dout.shape[2]):
        for s in range(dout.shape[3]):
            top, left = r * kh, s * kw
            part = share[:, :, r, s, None, None]
            padded[:, :, top : top + kh, left : left + kw] += part
    return padded[:, :, pad : pad + height, pad : pad + width]


def avgpool2d__swaps_height_and_width(x, kh, kw, stride, pad=0):
    """You swap height and width of the window: kh counts rows, kw columns."""
    kh, kw = kw, kh
    border = (pad, pad, pad, pad)
    inside = F.pad(torch.ones_like(x[:1, :1]), border)
    pixels = inside.unfold(2, kh, stride).unfold(3, kw, stride).sum((-2, -1))
    windows = F.pad(x, border).unfold(2, kh, stride).unfold(3, kw, stride)
    out = windows.sum(dim=(-2, -1)) / pixels
    return out, (pixels, x.shape, kh, kw, stride, pad)


def avgpool2d_backward__padding_not_removed(dout, cache):
    """Your dx still has the border on it: cut it off, dx is shaped like x."""
    pixels, (n, c, height, width), kh, kw, stride, pad = cache
    rows, columns = dout.shape[2:]
    padded = dout.new_zeros(n, c, height + 2 * pad, width + 2 * pad)
    for i in range(kh):
        for j in range(kw):
            down = slice(i, i + stride * rows, stride)
            right = slice(j, j + stride * columns, stride)
            padded[:, :, down, right] += dout / pixels
    return padded


def avgpool2d_backward__not_divided(dout, cache):
    """Every pixel of the window gets the whole gradient: each had only its share in
    the average, so each gets the gradient divided by the number of pixels."""
    _, (n, c, height, width), kh, kw, stride, pad = cache
    rows, columns = dout.shape[2:]
    padded = dout.new_zeros(n, c, height + 2 * pad, width + 2 * pad)
    for i in range(kh):
        for j in range(kw):
            down = slice(i, i + stride * rows, stride)
            right = slice(j, j + stride * columns, stride)
            padded[:, :, down, right] += dout
    return padded[:, :, pad : pad + height, pad : pad + width]


def avgpool2d_backward__divided_by_the_window(dout, cache):
    """Going back you divide by kh * kw everywhere: at the border the average was over
    fewer pixels, so the shares are larger there. Both directions must use the same
    number."""
    _, (n, c, height, width), kh, kw, stride, pad = cache
    rows, columns = dout.shape[2:]
    padded = dout.new_zeros(n, c, height + 2 * pad, width + 2 * pad)
    for i in range(kh):
        for j in range(kw):
            down = slice(i, i + stride * rows, stride)
            right = slice(j, j + stride * columns, stride)
            padded[:, :, down, right] += dout / (kh * kw)
    return padded[:, :, pad : pad + height, pad : pad + width]


def avgpool2d_backward__overlaps_overwritten(dout, cache):
    """Where windows overlap, the last one overwrites the others: a pixel gets a share
    from each window that it lies in, and they add up."""
    pixels, (n, c, height, width), kh, kw, stride, pad = cache
    padded = dout.new_zeros(n, c, height + 2 * pad, width + 2 * pad)
    share = dout / pixels
    for r in range(dout.shape[2]):
        for s in range(dout.shape[3]):
            top, left = r * stride, s * stride
            part = share[:, :, r, s, None, None]
            padded[:, :, top : top + kh, left : left + kw] = part
    return padded[:, :, pad : pad + height, pad : pad + width]


# --- conv1d ----------------------------------------------------------------------


def conv1d__looks_ahead(x, w, dilation=1, causal=True):
    """Your causal filter looks into the future: half of the padding is on the right,
    so out[t] depends on x[t + 1]. All of it belongs on the left."""
    steps, k = x.shape[-1], w.shape[-1]
    reach = (k - 1) * dilation
    padded = F.pad(x, (reach // 2, reach - reach // 2))
    taps = [padded[..., j * dilation :][..., :steps] for j in range(k)]
    return torch.einsum("nctj,fcj->nft", torch.stack(taps, dim=-1), w)


def conv1d__pads_right(x, w, dilation=1, causal=True):
    """You put the causal padding on the right: then out[t] sees x[t] and what comes
    after it. The zeros stand for the time before the recording began."""
    steps, k = x.shape[-1], w.shape[-1]
    reach = (k - 1) * dilation
    left = 0 if causal else reach // 2
    padded = F.pad(x, (left, reach - left))
    taps = [padded[..., j * dilation :][..., :steps] for j in range(k)]
    return torch.einsum("nctj,fcj->nft", torch.stack(taps, dim=-1), w)


def conv1d__dilation_one_too_large(x, w, dilation=1, causal=True):
    """Your taps lie one step too far apart: dilation 1 is the ordinary kernel, without
    gaps. Dilation is the distance between taps, not the number of steps left out."""
    steps, k = x.shape[-1], w.shape[-1]
    apart = dilation + 1
    reach = (k - 1) * apart
    left = reach if causal else reach // 2
    padded = F.pad(x, (left, reach - left))
    taps = [padded[..., j * apart :][..., :steps] for j in range(k)]
    return torch.einsum("nctj,fcj->nft", torch.stack(taps, dim=-1), w)


def conv1d__ignores_dilation(x, w, dilation=1, causal=True):
    """You ignore the dilation: the taps should lie `dilation` steps apart."""
    steps, k = x.shape[-1], w.shape[-1]
    reach = k - 1
    left = reach if causal else reach // 2
    padded = F.pad(x, (left, reach - left))
    taps = [padded[..., j:][..., :steps] for j in range(k)]
    return torch.einsum("nctj,fcj->nft", torch.stack(taps, dim=-1), w)


def conv1d__always_causal(x, w, dilation=1, causal=True):
    """You pad on the left even with causal=False: then half of the zeros belong on
    each side, so that the filter is centred."""
    steps, k = x.shape[-1], w.shape[-1]
    padded = F.pad(x, ((k - 1) * dilation, 0))
    taps = [padded[..., j * dilation :][..., :steps] for j in range(k)]
    return torch.einsum("nctj,fcj->nft", torch.stack(taps, dim=-1), w)


def conv1d__flips_the_kernel(x, w, dilation=1, causal=True):
    """You flip the kernel: w[..., 0] meets the oldest sample in view, and in a
    causal filter w[..., -1] meets the present one."""
    steps, k = x.shape[-1], w.shape[-1]
    reach = (k - 1) * dilation
    left = reach if causal else reach // 2
    padded = F.pad(x, (left, reach - left))
    taps = [padded[..., j * dilation :][..., :steps] for j in range(k)]
    return torch.einsum("nctj,fcj->nft", torch.stack(taps, dim=-1), w.flip(-1))


def conv1d__odd_zero_on_the_left(x, w, dilation=1, causal=True):
    """Centred, with an odd number of zeros to share out, you put the odd one on the
    left: reach // 2 go to the left, the rest to the right."""
    steps, k = x.shape[-1], w.shape[-1]
    reach = (k - 1) * dilation
    left = reach if causal else (reach + 1) // 2
    padded = F.pad(x, (left, reach - left))
    taps = [padded[..., j * dilation :][..., :steps] for j in range(k)]
    return torch.einsum("nctj,fcj->nft", torch.stack(taps, dim=-1), w)


def conv1d__cut_off_the_graph(x, w, dilation=1, causal=True):
    """The values are right, but no gradient gets back to x and w: something on the
    way (detach, .data, .item(), no_grad, a fresh torch.tensor) cuts the graph."""
    steps, k = x.shape[-1], w.shape[-1]
    reach = (k - 1) * dilation
    left = reach if causal else reach // 2
    padded = F.pad(x.detach(), (left, reach - left))
    taps = [padded[..., j * dilation :][..., :steps] for j in range(k)]
    return torch.einsum("nctj,fcj->nft", torch.stack(taps, dim=-1), w.detach())


# --- train_convnet ---------------------------------------------------------------


def train_convnet__relu_gradient_after_pool(params, batches, lr):
    """You ask the pooled map where the ReLU was open: an average is positive as soon
    as one of its four pixels is, so dead pixels get a gradient. The mask comes from
    the convolution's output, pixel by pixel, after the gradient went back through the
    pooling."""
    w, b, v, c = (p.clone() for p in params)
    losses = []
    for x, y in batches:
        z = F.conv2d(x, w, b)
        pooled = F.avg_pool2d(z.clamp(min=0), 2)
        flat = pooled.flatten(1)
        logits = flat @ v.T + c
        losses.append(F.cross_entropy(logits, y))
        dlogits = (logits.softmax(dim=1) - F.one_hot(y, len(c))) / len(y)
        dpooled = (dlogits @ v).reshape(pooled.shape) / 4 * (pooled > 0)
        spread = dpooled.repeat_interleave(2, 2).repeat_interleave(2, 3)
        dz = torch.zeros_like(z)
        dz[:, :, : spread.shape[2], : spread.shape[3]] = spread
        cols = F.unfold(x, w.shape[2:])
        dw = torch.einsum("nfl,nkl->fk", dz.flatten(2), cols)
        w = w - lr * dw.reshape(w.shape)
        b = b - lr * dz.sum(dim=(0, 2, 3))
        v = v - lr * dlogits.T @ flat
        c = c - lr * dlogits.sum(dim=0)
    return (w, b, v, c), torch.stack(losses)


def train_convnet__relu_gradient_missing(params, batches, lr):
    """Your gradient walks through the ReLU as if it were not there: where the
    convolution's output was negative, nothing it does can change the loss."""
    w, b, v, c = (p.clone() for p in params)
    losses = []
    for x, y in batches:
        z = F.conv2d(x, w, b)
        pooled = F.avg_pool2d(z.clamp(min=0), 2)
        flat = pooled.flatten(1)
        logits = flat @ v.T + c
        losses.append(F.cross_entropy(logits, y))
        dlogits = (logits.softmax(dim=1) - F.one_hot(y, len(c))) / len(y)
        dpooled = (dlogits @ v).reshape(pooled.shape) / 4
        spread = dpooled.repeat_interleave(2, 2).repeat_interleave(2, 3)
        dz = torch.zeros_like(z)
        dz[:, :, : spread.shape[2], : spread.shape[3]] = spread
        cols = F.unfold(x, w.shape[2:])
        dw = torch.einsum("nfl,nkl->fk", dz.flatten(2), cols)
        w = w - lr * dw.reshape(w.shape)
        b = b - lr * dz.sum(dim=(0, 2, 3))
        v = v - lr * dlogits.T @ flat
        c = c - lr * dlogits.sum(dim=0)
    return (w, b, v, c), torch.stack(losses)


def train_convnet__lr_not_scaled(params, batches, lr):
    """Your step grows with the batch: you follow the gradient of the sum of the
    losses. The loss is their average, so divide by the number of images, once."""
    w, b, v, c = (p.clone() for p in params)
    losses = []
    for x, y in batches:
        z = F.conv2d(x, w, b)
        pooled = F.avg_pool2d(z.clamp(min=0), 2)
        flat = pooled.flatten(1)
        logits = flat @ v.T + c
        losses.append(F.cross_entropy(logits, y))
        dlogits = logits.softmax(dim=1) - F.one_hot(y, len(c))
        dpooled = (dlogits @ v).reshape(pooled.shape) / 4
        spread = dpooled.repeat_interleave(2, 2).repeat_interleave(2, 3)
        dz = torch.zeros_like(z)
        dz[:, :, : spread.shape[2], : spread.shape[3]] = spread
        dz = dz * (z > 0)
        cols = F.unfold(x, w.shape[2:])
        dw = torch.einsum("nfl,nkl->fk", dz.flatten(2), cols)
        w = w - lr * dw.reshape(w.shape)
        b = b - lr * dz.sum(dim=(0, 2, 3))
        v = v - lr * dlogits.T @ flat
        c = c - lr * dlogits.sum(dim=0)
    return (w, b, v, c), torch.stack(losses)


def train_convnet__pool_gradient_not_divided(params, batches, lr):
    """The convolution learns four times too fast: each of the four pixels had a
    quarter in the average, so each gets a quarter of the gradient."""
    w, b, v, c = (p.clone() for p in params)
    losses = []
    for x, y in batches:
        z = F.conv2d(x, w, b)
        pooled = F.avg_pool2d(z.clamp(min=0), 2)
        flat = pooled.flatten(1)
        logits = flat @ v.T + c
        losses.append(F.cross_entropy(logits, y))
        dlogits = (logits.softmax(dim=1) - F.one_hot(y, len(c))) / len(y)
        dpooled = (dlogits @ v).reshape(pooled.shape)
        spread = dpooled.repeat_interleave(2, 2).repeat_interleave(2, 3)
        dz = torch.zeros_like(z)
        dz[:, :, : spread.shape[2], : spread.shape[3]] = spread
        dz = dz * (z > 0)
        cols = F.unfold(x, w.shape[2:])
        dw = torch.einsum("nfl,nkl->fk", dz.flatten(2), cols)
        w = w - lr * dw.reshape(w.shape)
        b = b - lr * dz.sum(dim=(0, 2, 3))
        v = v - lr * dlogits.T @ flat
        c = c - lr * dlogits.sum(dim=0)
    return (w, b, v, c), torch.stack(losses)


def train_convnet__new_weights_in_the_gradient(params, batches, lr):
    """You update the linear layer before its weights have carried the gradient back:
    all four gradients belong to the old parameters. Compute all, then step."""
    w, b, v, c = (p.clone() for p in params)
    losses = []
    for x, y in batches:
        z = F.conv2d(x, w, b)
        pooled = F.avg_pool2d(z.clamp(min=0), 2)
        flat = pooled.flatten(1)
        logits = flat @ v.T + c
        losses.append(F.cross_entropy(logits, y))
        dlogits = (logits.softmax(dim=1) - F.one_hot(y, len(c))) / len(y)
        v = v - lr * dlogits.T @ flat
        c = c - lr * dlogits.sum(dim=0)
        dpooled = (dlogits @ v).reshape(pooled.shape) / 4
        spread = dpooled.repeat_interleave(2, 2).repeat_interleave(2, 3)
        dz = torch.zeros_like(z)
        dz[:, :, : spread.shape[2], : spread.shape[3]] = spread
        dz = dz * (z > 0)
        cols = F.unfold(x, w.shape[2:])
        dw = torch.einsum("nfl,nkl->fk", dz.flatten(2), cols)
        w = w - lr * dw.reshape(w.shape)
        b = b - lr * dz.sum(dim=(0, 2, 3))
    return (w, b, v, c), torch.stack(losses)


def train_convnet__convolution_frozen(params, batches, lr):
    """Only your linear layer learns: the kernels and their biases come back as they
    went in. They are parameters too, and the gradient has to reach them."""
    w, b, v, c = (p.clone() for p in params)
    losses = []
    for x, y in batches:
        flat = F.avg_pool2d(F.conv2d(x, w, b).clamp(min=0), 2).flatten(1)
        logits = flat @ v.T + c
        losses.append(F.cross_entropy(logits, y))
        dlogits = (logits.softmax(dim=1) - F.one_hot(y, len(c))) / len(y)
        v = v - lr * dlogits.T @ flat
        c = c - lr * dlogits.sum(dim=0)
    return (w, b, v, c), torch.stack(losses)


def predict_convnet__flatten_order_differs(params, x):
    """Training and prediction flatten the feature maps in different orders: the linear
    layer then reads every number in the wrong place. Both go (F, H', W'), channels
    first."""
    w, b, v, c = params
    pooled = F.avg_pool2d(F.conv2d(x, w, b).clamp(min=0), 2)
    return pooled.permute(0, 2, 3, 1).flatten(1) @ v.T + c


def predict_convnet__relu_forgotten(params, x):
    """You leave the ReLU out when you predict: the net you test must be the net you
    trained."""
    w, b, v, c = params
    return F.avg_pool2d(F.conv2d(x, w, b), 2).flatten(1) @ v.T + c


def predict_convnet__softmax_instead_of_logits(params, x):
    """You return probabilities: asked for are the logits, the outputs of the linear
    layer before any softmax."""
    w, b, v, c = params
    pooled = F.avg_pool2d(F.conv2d(x, w, b).clamp(min=0), 2)
    return (pooled.flatten(1) @ v.T + c).softmax(dim=1)
