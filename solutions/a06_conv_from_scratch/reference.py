"""Answers of a06: convolution, pooling and their backward passes from scratch.

Letters: N images, C input channels, F kernels (= output channels), H x W the
image, kh x kw the kernel, H' x W' the output, L = H'W' positions, T time
steps, K classes. Float arrays are float32 or float64, on any device.

Left out: groups, dilation in two dimensions, rectangular strides, ceil mode.
"""

import torch
import torch.nn.functional as F


def conv_out_size(n, k, stride=1, pad=0, dilation=1):
    """Count the positions of a kernel along one axis.

    The k taps of the kernel lie `dilation` pixels apart. The kernel starts
    on the first pixel of the padded axis and moves on by `stride` as long
    as all its taps lie on the padded axis. Pixels left over at the far end
    are not used.

    Args:
        n: length of the axis, at least 1.
        k: number of taps, at least 1.
        stride: step between two positions, at least 1.
        pad: pixels added at *each* end, at least 0.
        dilation: distance between neighbouring taps, at least 1 (1 is the
            ordinary kernel).

    Returns:
        The number of positions, an int; 0 if the kernel does not fit.

    Source: Dumoulin and Visin, A guide to convolution arithmetic for deep
    learning, 2016.
    """
    span = dilation * (k - 1) + 1
    return max(0, (n + 2 * pad - span) // stride + 1)


def conv2d_naive(x, w, b, stride=1, pad=0):
    """Slide every kernel over every image, with nested loops.

    As everywhere in deep learning this is a cross-correlation (no flip):

        out[n, f, r, s] = b[f]
            + sum over c, i, j of
              xp[n, c, r * stride + i, s * stride + j] * w[f, c, i, j]

    where xp is x with `pad` zeros added on all four sides. An output pixel
    exists where the whole kernel lies on xp; rows and columns of xp that
    are left over at the bottom and at the right are not used.

    Args:
        x: (N, C, H, W) float, images.
        w: (F, C, kh, kw) float, kernels.
        b: (F,) float, one bias per kernel.
        stride: step in both directions, at least 1.
        pad: zeros added on each of the four sides, at least 0.

    Returns:
        (N, F, H', W') float, H' = (H + 2 pad - kh) // stride + 1, W' alike.
    """
    count, _, height, width = x.shape
    kernels, _, kh, kw = w.shape
    rows = (height + 2 * pad - kh) // stride + 1
    columns = (width + 2 * pad - kw) // stride + 1
    padded = F.pad(x, (pad, pad, pad, pad))
    out = x.new_empty(count, kernels, rows, columns)
    for n in range(count):
        for f in range(kernels):
            for r in range(rows):
                for s in range(columns):
                    top, left = r * stride, s * stride
                    window = padded[n, :, top : top + kh, left : left + kw]
                    out[n, f, r, s] = (window * w[f]).sum() + b[f]
    return out


def receptive_field(layers):
    """Find how many input pixels one output pixel of a stack can see.

    A pooling layer counts like a convolution: only kernel size, stride and
    dilation matter. Padding and image borders are ignored.

    Args:
        layers: list of (k, stride, dilation), from the layer next to the
            input to the last one. May be empty.

    Returns:
        (size, jump), two ints. size: number of input pixels from the first
        to the last one that can influence one output pixel (holes that a
        dilation leaves in between are counted). jump: distance in input
        pixels between the fields of two neighbouring output pixels. An
        empty stack has (1, 1).

    Source: Araujo, Norris and Sim, Computing Receptive Fields of
    Convolutional Neural Networks, Distill 2019.
    """
    size, jump = 1, 1
    for k, stride, dilation in layers:
        size += (k - 1) * dilation * jump  # neighbours are still `jump` apart
        jump *= stride
    return size, jump


def im2col(x, kh, kw, stride=1, pad=0):
    """Write every window of an image into one column of a matrix.

    Args:
        x: (N, C, H, W) float, images; `pad` zeros are added on each of the
            four sides first.
        kh, kw: height and width of the window.
        stride: step of the window in both directions.
        pad: zeros added on each side.

    Returns:
        cols: (N, C * kh * kw, L) float. Row (c * kh + i) * kw + j holds the
        pixel in row i, column j of the window, channel c. Column r * W' + s
        is the window whose top left corner is at (r * stride, s * stride)
        in the padded image; L = H' * W' windows fit in whole.
    """
    count, channels, height, width = x.shape
    rows = (height + 2 * pad - kh) // stride + 1
    columns = (width + 2 * pad - kw) // stride + 1
    padded = F.pad(x, (pad, pad, pad, pad))
    cols = x.new_empty(count, channels, kh, kw, rows, columns)
    for i in range(kh):  # kh * kw copies of whole images instead of L windows
        for j in range(kw):
            down = slice(i, i + stride * rows, stride)
            right = slice(j, j + stride * columns, stride)
            cols[:, :, i, j] = padded[:, :, down, right]
    return cols.reshape(count, channels * kh * kw, rows * columns)


def col2im(cols, shape, kh, kw, stride=1, pad=0):
    """Add the columns back into the image that they were cut from.

    The transpose of im2col: sum(im2col(x) * cols) == sum(x * col2im(cols))
    for all x and cols. A pixel that lies in several windows gets the *sum*
    of its copies, a pixel in no window gets 0, and what falls on the
    padding is dropped.

    Args:
        cols: (N, C * kh * kw, L) float, laid out as im2col does it.
        shape: (N, C, H, W), the image without padding.
        kh, kw, stride, pad: as they were given to im2col.

    Returns:
        (N, C, H, W) float.
    """
    count, channels, height, width = shape
    rows = (height + 2 * pad - kh) // stride + 1
    columns = (width + 2 * pad - kw) // stride + 1
    cols = cols.reshape(count, channels, kh, kw, rows, columns)
    padded = cols.new_zeros(count, channels, height + 2 * pad, width + 2 * pad)
    for i in range(kh):
        for j in range(kw):
            down = slice(i, i + stride * rows, stride)
            right = slice(j, j + stride * columns, stride)
            padded[:, :, down, right] += cols[:, :, i, j]
    return padded[:, :, pad : pad + height, pad : pad + width]


def conv2d_backward(dout, cache):
    """Push a gradient back through a convolution, without autograd.

    Args:
        dout: (N, F, H', W') float, the gradient of the loss with respect to
            the output of out = conv2d(x, w, b, stride, pad).
        cache: the tuple (x, w, stride, pad) of the forward pass, with
            x: (N, C, H, W) and w: (F, C, kh, kw). The bias is not in it:
            its gradient does not depend on its value.

    Returns:
        (dx, dw, db), the gradients of the *same* loss, shaped like x, w
        and b. The loss has decided already whether to sum or to average
        over the images: here every path from a number to the loss is
        added up, and nothing is divided.
    """
    x, w, stride, pad = cache
    height, width = x.shape[2:]
    kh, kw = w.shape[2:]
    rows, columns = dout.shape[2:]
    padded = F.pad(x, (pad, pad, pad, pad))
    dpadded = torch.zeros_like(padded)
    dw = torch.zeros_like(w)
    for i in range(kh):
        for j in range(kw):
            down = slice(i, i + stride * rows, stride)
            right = slice(j, j + stride * columns, stride)
            seen = padded[:, :, down, right]  # what tap (i, j) looked at
            dw[:, :, i, j] = torch.einsum("nfrs,ncrs->fc", dout, seen)
            back = torch.einsum("nfrs,fc->ncrs", dout, w[:, :, i, j])
            dpadded[:, :, down, right] += back
    dx = dpadded[:, :, pad : pad + height, pad : pad + width]
    return dx, dw, dout.sum(dim=(0, 2, 3))


def maxpool2d(x, kh, kw, stride, pad=0):
    """Keep the largest pixel of every window.

    Args:
        x: (N, C, H, W) float, images.
        kh, kw: height and width of the window.
        stride: step of the window in both directions; it need not be kh or
            kw, so windows may overlap or leave gaps.
        pad: width of the border on each side, smaller than kh and kw. A
            border pixel never wins, however negative the image is.

    Returns:
        (out, cache). out: (N, C, H', W') float, only windows that fit in
        whole. cache: a tuple of whatever your maxpool2d_backward needs.
    """
    padded = F.pad(x, (pad, pad, pad, pad), value=float("-inf"))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    # max returns the first of several maxima, which is what we promise
    out, winner = windows.flatten(4).max(dim=-1)
    return out, (winner, x.shape, kh, kw, stride, pad)


def maxpool2d_backward(dout, cache):
    """Send every gradient to the pixel that won its window.

    Where several pixels of a window share the maximum, the first of them in
    reading order (row by row) gets the whole gradient. A pixel that wins
    several windows gets the sum.

    Args:
        dout: (N, C, H', W') float, gradient with respect to out.
        cache: what maxpool2d returned.

    Returns:
        dx: (N, C, H, W) float.
    """
    winner, shape, kh, kw, stride, pad = cache
    count, channels, height, width = shape
    rows, columns = dout.shape[2:]
    padded = dout.new_zeros(count, channels, height + 2 * pad, width + 2 * pad)
    for i in range(kh):
        for j in range(kw):
            down = slice(i, i + stride * rows, stride)
            right = slice(j, j + stride * columns, stride)
            padded[:, :, down, right] += dout * (winner == i * kw + j)
    return padded[:, :, pad : pad + height, pad : pad + width]


def avgpool2d(x, kh, kw, stride, pad=0):
    """Average the pixels of every window.

    Args:
        x: (N, C, H, W) float, images.
        kh, kw: height and width of the window.
        stride: step of the window in both directions, not always kh or kw.
        pad: width of the border on each side, smaller than kh and kw. The
            border is not part of the image: a window that hangs over the
            edge averages only the pixels that exist.

    Returns:
        (out, cache). out: (N, C, H', W') float, only windows that fit in
        whole on the padded image. cache: a tuple of whatever your
        avgpool2d_backward needs.
    """
    border = (pad, pad, pad, pad)
    inside = F.pad(torch.ones_like(x[:1, :1]), border)
    windows = inside.unfold(2, kh, stride).unfold(3, kw, stride)
    pixels = windows.sum(dim=(-2, -1))  # (1, 1, H', W'): how many exist
    windows = F.pad(x, border).unfold(2, kh, stride).unfold(3, kw, stride)
    out = windows.sum(dim=(-2, -1)) / pixels
    return out, (pixels, x.shape, kh, kw, stride, pad)


def avgpool2d_backward(dout, cache):
    """Share every gradient among the pixels of its window.

    Args:
        dout: (N, C, H', W') float, gradient with respect to out.
        cache: what avgpool2d returned.

    Returns:
        dx: (N, C, H, W) float. A pixel in several windows gets the sum of
        its shares, a pixel in no window gets 0.
    """
    pixels, shape, kh, kw, stride, pad = cache
    count, channels, height, width = shape
    rows, columns = dout.shape[2:]
    padded = dout.new_zeros(count, channels, height + 2 * pad, width + 2 * pad)
    for i in range(kh):
        for j in range(kw):
            down = slice(i, i + stride * rows, stride)
            right = slice(j, j + stride * columns, stride)
            padded[:, :, down, right] += dout / pixels
    return padded[:, :, pad : pad + height, pad : pad + width]


def conv1d(x, w, dilation=1, causal=True):
    """Filter signals; the output is as long as the input.

    A cross-correlation of the zero-padded signal, stride 1, no bias:

        out[n, f, t] = sum over c, j of
            xp[n, c, t + j * dilation] * w[f, c, j]

    The taps span reach = (k - 1) * dilation steps, so xp is x with `reach`
    zeros added in all. Causal: all of them on the left, so that out[t] sees
    nothing later than x[t]. Otherwise reach // 2 on the left and the rest
    on the right.

    Args:
        x: (N, C, T) float, signals.
        w: (F, C, k) float, kernels.
        dilation: distance between neighbouring taps, at least 1.
        causal: whether the future is out of sight.

    Returns:
        (N, F, T) float, through which autograd can reach x and w.

    Source: van den Oord et al., WaveNet, 2016, section 2.1.
    """
    steps, k = x.shape[-1], w.shape[-1]
    reach = (k - 1) * dilation
    left = reach if causal else reach // 2
    padded = F.pad(x, (left, reach - left))
    out = 0
    for j in range(k):
        seen = padded[..., j * dilation : j * dilation + steps]
        out = out + torch.einsum("nct,fc->nft", seen, w[:, :, j])
    return out


def train_convnet(params, batches, lr):
    """Train a small convolutional net by gradient descent, without autograd.

    The net: convolution (stride 1, no padding), ReLU, 2 x 2 average pooling
    (stride 2; an odd last row or column is not used), flatten in the order
    (F, H', W'), linear layer. The loss of a batch is the cross-entropy,
    averaged over the images of the batch.

    Args:
        params: tuple (w, b, v, c) of the starting values, with
            w: (F, C, kh, kw) and b: (F,) of the convolution,
            v: (K, F * H' * W') and c: (K,) of the linear layer.
            They must come out of the call unchanged.
        batches: list of (x, y), in the order of training, one step each;
            x: (B, C, H, W) float, y: (B,) int64, B may vary.
        lr: the learning rate. Every step is p <- p - lr * gradient, for
            all four parameters at once.

    Returns:
        (params, losses). params: the trained tuple (w, b, v, c).
        losses: (number of batches,) float, the loss of each batch just
        before its step.

    The forward pass may use anything from torch. The gradients are yours.
    """
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
        dz = torch.zeros_like(z)  # an odd last row or column stays at 0
        dz[:, :, : spread.shape[2], : spread.shape[3]] = spread
        dz = dz * (z > 0)
        cols = F.unfold(x, w.shape[2:])
        dw = torch.einsum("nfl,nkl->fk", dz.flatten(2), cols)

        w = w - lr * dw.reshape(w.shape)
        b = b - lr * dz.sum(dim=(0, 2, 3))
        v = v - lr * dlogits.T @ flat
        c = c - lr * dlogits.sum(dim=0)
    return (w, b, v, c), torch.stack(losses)


def predict_convnet(params, x):
    """Run the net of train_convnet.

    Args:
        params: tuple (w, b, v, c), shaped as in train_convnet.
        x: (N, C, H, W) float, images.

    Returns:
        (N, K) float, the logits (the outputs of the linear layer).
    """
    w, b, v, c = params
    pooled = F.avg_pool2d(F.conv2d(x, w, b).clamp(min=0), 2)
    return pooled.flatten(1) @ v.T + c
