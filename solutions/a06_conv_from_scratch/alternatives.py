"""Other right answers of a06; those named oracle prove the reference independently."""

import torch
import torch.nn.functional as F

# --- conv_out_size ---------------------------------------------------------------


def conv_out_size__walks(n, k, stride=1, pad=0, dilation=1):
    positions = 0
    start = -pad
    while start + (k - 1) * dilation <= n - 1 + pad:
        positions += 1
        start += stride
    return positions


def conv_out_size__oracle_torch(n, k, stride=1, pad=0, dilation=1):
    axis, taps = torch.zeros(1, 1, n), torch.zeros(1, 1, k)
    try:
        out = F.conv1d(axis, taps, None, stride, pad, dilation)
    except RuntimeError:  # the kernel is longer than the padded axis
        return 0
    return out.shape[-1]


# --- conv2d_naive ----------------------------------------------------------------


def conv2d_naive__tap_by_tap(x, w, b, stride=1, pad=0):
    n, c, height, width = x.shape
    f, _, kh, kw = w.shape
    padded = torch.zeros(
        n, c, height + 2 * pad, width + 2 * pad, dtype=x.dtype, device=x.device
    )
    padded[:, :, pad : pad + height, pad : pad + width] = x
    rows = (height + 2 * pad - kh) // stride + 1
    columns = (width + 2 * pad - kw) // stride + 1
    out = b.view(1, f, 1, 1).repeat(n, 1, rows, columns)
    for i in range(kh):
        for j in range(kw):
            seen = padded[:, :, i::stride, j::stride][:, :, :rows, :columns]
            out += torch.einsum("nchw,fc->nfhw", seen, w[:, :, i, j])
    return out


def conv2d_naive__matrix_product(x, w, b, stride=1, pad=0):
    padded = F.pad(x, (pad,) * 4)
    windows = padded.unfold(2, w.shape[2], stride).unfold(3, w.shape[3], stride)
    return torch.tensordot(windows, w, ([1, 4, 5], [1, 2, 3])).add(b).movedim(3, 1)


def conv2d_naive__seven_loops(x, w, b, stride=1, pad=0):
    n, c, height, width = x.shape
    f, _, kh, kw = w.shape
    rows = (height + 2 * pad - kh) // stride + 1
    columns = (width + 2 * pad - kw) // stride + 1
    out = torch.zeros(n, f, rows, columns, dtype=x.dtype, device=x.device)
    for a in range(n):
        for g in range(f):
            for r in range(rows):
                for s in range(columns):
                    total = b[g]
                    for i in range(kh):
                        for j in range(kw):
                            y, z = r * stride + i - pad, s * stride + j - pad
                            if 0 <= y < height and 0 <= z < width:
                                for e in range(c):
                                    total = total + x[a, e, y, z] * w[g, e, i, j]
                    out[a, g, r, s] = total
    return out


def conv2d_naive__oracle_torch(x, w, b, stride=1, pad=0):
    return F.conv2d(x, w, b, stride, pad)


# --- receptive_field -------------------------------------------------------------


def receptive_field__walks_back(layers):
    size, jump = 1, 1
    for k, stride, dilation in reversed(layers):
        size = (size - 1) * stride + (k - 1) * dilation + 1
        jump = jump * stride
    return size, jump


def receptive_field__oracle_positions(layers):
    def first_and_last(output):
        seen = {output}
        for k, stride, dilation in reversed(layers):
            seen = {p * stride + j * dilation for p in seen for j in range(k)}
        return min(seen), max(seen)

    first, last = first_and_last(0)
    return last - first + 1, first_and_last(1)[0] - first


def receptive_field__oracle_transposed_convolution(layers):
    lengths = []
    for outputs in (1, 2):
        spread = torch.ones(1, 1, outputs)
        for k, stride, dilation in layers[::-1]:
            spread = F.conv_transpose1d(
                spread, torch.ones(1, 1, k), stride=stride, dilation=dilation
            )
        lengths.append(spread.shape[-1])
    return lengths[0], lengths[1] - lengths[0]


# --- im2col ----------------------------------------------------------------------


def im2col__window_by_window(x, kh, kw, stride=1, pad=0):
    padded = F.pad(x, (pad, pad, pad, pad))
    columns = []
    for top in range(0, padded.shape[2] - kh + 1, stride):
        for left in range(0, padded.shape[3] - kw + 1, stride):
            window = padded[:, :, top : top + kh, left : left + kw]
            columns.append(window.reshape(len(x), -1))
    return torch.stack(columns, dim=2)


def im2col__two_views(x, kh, kw, stride=1, pad=0):
    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    return windows.permute(0, 1, 4, 5, 2, 3).flatten(4).flatten(1, 3)


def im2col__one_big_index(x, kh, kw, stride=1, pad=0):
    padded = F.pad(x, (pad, pad, pad, pad))
    n, c, height, width = padded.shape
    top = torch.arange(0, height - kh + 1, stride, device=x.device)
    left = torch.arange(0, width - kw + 1, stride, device=x.device)
    i = torch.arange(kh, device=x.device).repeat_interleave(kw)
    j = torch.arange(kw, device=x.device).repeat(kh)
    y = i[:, None] + top.repeat_interleave(len(left))[None]
    z = j[:, None] + left.repeat(len(top))[None]
    return padded[:, :, y, z].reshape(n, c * kh * kw, -1)


def im2col__oracle_torch(x, kh, kw, stride=1, pad=0):
    return F.unfold(x, (kh, kw), padding=pad, stride=stride)


# --- col2im ----------------------------------------------------------------------


def col2im__window_by_window(cols, shape, kh, kw, stride=1, pad=0):
    n, c, height, width = shape
    image = torch.zeros(
        n, c, height + 2 * pad, width + 2 * pad, dtype=cols.dtype, device=cols.device
    )
    position = 0
    for top in range(0, height + 2 * pad - kh + 1, stride):
        for left in range(0, width + 2 * pad - kw + 1, stride):
            window = cols[:, :, position].reshape(n, c, kh, kw)
            image[:, :, top : top + kh, left : left + kw] += window
            position += 1
    return image[:, :, pad : pad + height, pad : pad + width].contiguous()


def col2im__adds_by_index(cols, shape, kh, kw, stride=1, pad=0):
    n, c, height, width = shape
    high, wide = height + 2 * pad, width + 2 * pad
    number = torch.arange(high * wide, device=cols.device).reshape(high, wide)
    windows = number.unfold(0, kh, stride).unfold(1, kw, stride)
    where = windows.permute(2, 3, 0, 1).reshape(-1)  # (kh * kw * L,)
    image = torch.zeros(n, c, high * wide, dtype=cols.dtype, device=cols.device)
    image.index_add_(2, where, cols.reshape(n, c, -1))
    image = image.reshape(n, c, high, wide)
    return image[:, :, pad : pad + height, pad : pad + width]


def col2im__oracle_torch(cols, shape, kh, kw, stride=1, pad=0):
    return F.fold(cols, tuple(shape[2:]), (kh, kw), padding=pad, stride=stride)


def col2im__oracle_transpose(cols, shape, kh, kw, stride=1, pad=0):
    x = torch.zeros(tuple(shape), dtype=cols.dtype, device=cols.device)
    x.requires_grad_(True)
    unfolded = F.unfold(x, (kh, kw), padding=pad, stride=stride)
    return torch.autograd.grad(unfolded, x, cols)[0]


# --- conv2d_backward -------------------------------------------------------------


def conv2d_backward__unfold_and_fold(dout, cache):
    x, w, stride, pad = cache
    kernel = w.shape[2:]
    cols = F.unfold(x, kernel, padding=pad, stride=stride)
    flat = dout.flatten(2)
    dw = (flat @ cols.transpose(1, 2)).sum(dim=0).reshape(w.shape)
    back = w.flatten(1).T @ flat
    dx = F.fold(back, x.shape[2:], kernel, padding=pad, stride=stride)
    return dx, dw, flat.sum(dim=(0, 2))


def conv2d_backward__dilate_pad_and_flip(dout, cache):
    x, w, stride, pad = cache
    n, _, height, width = x.shape
    f, _, kh, kw = w.shape
    rows, columns = dout.shape[2:]
    # one gradient per pixel of a stride-1 convolution: zeros where it did not look
    high, wide = height + 2 * pad - kh + 1, width + 2 * pad - kw + 1
    dense = dout.new_zeros(n, f, high, wide)
    dense[:, :, ::stride, ::stride][:, :, :rows, :columns] = dout

    padded = F.pad(x, (pad, pad, pad, pad))
    windows = padded.unfold(2, high, 1).unfold(3, wide, 1)
    dw = torch.einsum("nfhw,ncijhw->fcij", dense, windows)

    around = F.pad(dense, (kw - 1, kw - 1, kh - 1, kh - 1))
    windows = around.unfold(2, kh, 1).unfold(3, kw, 1)
    dpadded = torch.einsum("nfhwij,fcij->nchw", windows, w.flip(2, 3))
    dx = dpadded[:, :, pad : pad + height, pad : pad + width]
    return dx, dw, dout.sum(dim=(0, 2, 3))


def conv2d_backward__window_by_window(dout, cache):
    x, w, stride, pad = cache
    height, width = x.shape[2:]
    kh, kw = w.shape[2:]
    padded = F.pad(x, (pad, pad, pad, pad))
    dpadded, dw = torch.zeros_like(padded), torch.zeros_like(w)
    for r in range(dout.shape[2]):
        for s in range(dout.shape[3]):
            down = slice(r * stride, r * stride + kh)
            right = slice(s * stride, s * stride + kw)
            g = dout[:, :, r, s]
            dw += (g[:, :, None, None, None] * padded[:, None, :, down, right]).sum(0)
            dpadded[:, :, down, right] += (g[:, :, None, None, None] * w).sum(1)
    dx = dpadded[:, :, pad : pad + height, pad : pad + width]
    return dx, dw, dout.sum(3).sum(2).sum(0)


def conv2d_backward__oracle_autograd(dout, cache):
    x, w, stride, pad = cache
    x = x.detach().clone().requires_grad_(True)
    w = w.detach().clone().requires_grad_(True)
    b = torch.zeros_like(w[:, 0, 0, 0], requires_grad=True)
    with torch.enable_grad():
        out = F.conv2d(x, w, b, stride, pad)
    return torch.autograd.grad(out, (x, w, b), dout)


def conv2d_backward__oracle_finite_differences(dout, cache):
    """The loss is linear in each argument: steps of 1, taken at 0, are exact."""
    x, w, stride, pad = cache
    bias = torch.zeros_like(w[:, 0, 0, 0])

    def slope(argument, others):
        steps = []
        for place in range(argument.numel()):
            unit = torch.zeros_like(argument).reshape(-1)
            unit[place] = 1
            out = F.conv2d(*others(unit.reshape(argument.shape)), stride, pad)
            steps.append((out * dout).sum())
        return torch.stack(steps).reshape(argument.shape)

    return (
        slope(x, lambda unit: (unit, w, bias)),
        slope(w, lambda unit: (x, unit, bias)),
        slope(bias, lambda unit: (torch.zeros_like(x), w, unit)),
    )


# --- maxpool2d -------------------------------------------------------------------


def maxpool2d__window_by_window(x, kh, kw, stride, pad=0):
    n, c, height, width = x.shape
    rows = (height + 2 * pad - kh) // stride + 1
    columns = (width + 2 * pad - kw) // stride + 1
    out = x.new_empty(n, c, rows, columns)
    place = x.new_empty(n, c, rows, columns, dtype=torch.int64)
    for r in range(rows):
        for s in range(columns):
            top, left = r * stride - pad, s * stride - pad
            best = x.new_full((n, c), float("-inf"))
            where = torch.zeros_like(best, dtype=torch.int64)
            for y in range(max(top, 0), min(top + kh, height)):
                for z in range(max(left, 0), min(left + kw, width)):
                    better = x[:, :, y, z] > best
                    best = torch.where(better, x[:, :, y, z], best)
                    where = where.masked_fill(better, y * width + z)
            out[:, :, r, s], place[:, :, r, s] = best, where
    return out, (place, (height, width))


def maxpool2d_backward__window_by_window(dout, cache):
    place, (height, width) = cache
    n, c = dout.shape[:2]
    dx = dout.new_zeros(n, c, height * width)
    dx.scatter_add_(2, place.flatten(2), dout.flatten(2))
    return dx.reshape(n, c, height, width)


def maxpool2d__keeps_the_image(x, kh, kw, stride, pad=0):
    padded = F.pad(x, (pad, pad, pad, pad), value=float("-inf"))
    windows = padded.unfold(2, kh, stride).unfold(3, kw, stride)
    return windows.amax(dim=(4, 5)), {"x": x, "settings": (kh, kw, stride, pad)}


def maxpool2d_backward__keeps_the_image(dout, cache):
    kh, kw, stride, pad = cache["settings"]
    x = cache["x"]
    padded = F.pad(x, (pad, pad, pad, pad), value=float("-inf"))
    dpadded = torch.zeros_like(padded)
    for r in range(dout.shape[2]):
        for s in range(dout.shape[3]):
            window = (
                slice(None),
                slice(None),
                slice(r * stride, r * stride + kh),
                slice(s * stride, s * stride + kw),
            )
            flat = padded[window].flatten(2)
            first = flat.argmax(dim=2, keepdim=True)
            share = torch.zeros_like(flat).scatter(2, first, dout[:, :, r, s, None])
            dpadded[window] += share.reshape(*x.shape[:2], kh, kw)
    return dpadded[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]]


def maxpool2d__oracle_torch(x, kh, kw, stride, pad=0):
    return F.max_pool2d(x, (kh, kw), stride, pad), (x, kh, kw, stride, pad)


def maxpool2d_backward__oracle_torch(dout, cache):
    x, kh, kw, stride, pad = cache
    x = x.detach().clone().requires_grad_(True)
    with torch.enable_grad():
        out = F.max_pool2d(x, (kh, kw), stride, pad)
    return torch.autograd.grad(out, x, dout)[0]


# --- avgpool2d -------------------------------------------------------------------


def avgpool2d__window_by_window(x, kh, kw, stride, pad=0):
    n, c, height, width = x.shape
    rows = (height + 2 * pad - kh) // stride + 1
    columns = (width + 2 * pad - kw) // stride + 1
    out = x.new_empty(n, c, rows, columns)
    for r in range(rows):
        for s in range(columns):
            top, left = r * stride - pad, s * stride - pad
            bottom, right = min(top + kh, height), min(left + kw, width)
            window = x[:, :, max(top, 0) : bottom, max(left, 0) : right]
            out[:, :, r, s] = window.mean(dim=(2, 3))
    return out, (x.shape, kh, kw, stride, pad)


def avgpool2d_backward__window_by_window(dout, cache):
    shape, kh, kw, stride, pad = cache
    height, width = shape[2:]
    dx = dout.new_zeros(shape)
    for r in range(dout.shape[2]):
        for s in range(dout.shape[3]):
            top, left = r * stride - pad, s * stride - pad
            bottom, right = min(top + kh, height), min(left + kw, width)
            window = dx[:, :, max(top, 0) : bottom, max(left, 0) : right]
            share = dout[:, :, r, s] / (window.shape[2] * window.shape[3])
            window += share[:, :, None, None]
    return dx


def avgpool2d__unfold_and_fold(x, kh, kw, stride, pad=0):
    n, c, height, _ = x.shape
    settings = {"kernel_size": (kh, kw), "stride": stride, "padding": pad}
    pixels = F.unfold(torch.ones_like(x), **settings).reshape(n, c, kh * kw, -1)
    cols = F.unfold(x, **settings).reshape(n, c, kh * kw, -1)
    rows = (height + 2 * pad - kh) // stride + 1
    out = cols.sum(dim=2) / pixels.sum(dim=2)
    return out.reshape(n, c, rows, -1), (x.shape, pixels.sum(dim=2), settings)


def avgpool2d_backward__unfold_and_fold(dout, cache):
    (n, _, height, width), pixels, settings = cache
    kh, kw = settings["kernel_size"]
    share = (dout.flatten(2) / pixels)[:, :, None].expand(-1, -1, kh * kw, -1)
    return F.fold(share.reshape(n, -1, share.shape[-1]), (height, width), **settings)


def avgpool2d__oracle_torch(x, kh, kw, stride, pad=0):
    out = F.avg_pool2d(x, (kh, kw), stride, pad, count_include_pad=False)
    return out, (x, kh, kw, stride, pad)


def avgpool2d_backward__oracle_torch(dout, cache):
    x, kh, kw, stride, pad = cache
    x = x.detach().clone().requires_grad_(True)
    with torch.enable_grad():
        out = F.avg_pool2d(x, (kh, kw), stride, pad, count_include_pad=False)
    return torch.autograd.grad(out, x, dout)[0]


# --- conv1d ----------------------------------------------------------------------


def conv1d__one_product(x, w, dilation=1, causal=True):
    steps, k = x.shape[-1], w.shape[-1]
    reach = (k - 1) * dilation
    left = reach if causal else reach // 2
    padded = F.pad(x, (left, reach - left))
    windows = padded.unfold(2, reach + 1, 1)[..., ::dilation]  # n c t k
    return torch.einsum("nctk,fck->nft", windows, w)[..., :steps]


def conv1d__step_by_step(x, w, dilation=1, causal=True):
    n, _, steps = x.shape
    k = w.shape[-1]
    reach = (k - 1) * dilation
    left = reach if causal else reach // 2
    out = []
    for t in range(steps):
        now = x.new_zeros(n, w.shape[0])
        for j in range(k):
            source = t + j * dilation - left
            if 0 <= source < steps:
                now = now + x[:, :, source] @ w[:, :, j].T
        out.append(now)
    return torch.stack(out, dim=2)


def conv1d__oracle_torch(x, w, dilation=1, causal=True):
    reach = (w.shape[-1] - 1) * dilation
    left = reach if causal else reach // 2
    return F.conv1d(F.pad(x, (left, reach - left)), w, dilation=dilation)


# --- train_convnet ---------------------------------------------------------------


def train_convnet__matrix_products(params, batches, lr):
    w, b, v, c = (p.clone() for p in params)
    kh, kw = w.shape[2:]
    history = []
    for x, y in batches:
        size = len(y)
        high, wide = x.shape[2] - kh + 1, x.shape[3] - kw + 1
        cols = F.unfold(x, (kh, kw))
        z = (w.flatten(1) @ cols + b[:, None]).reshape(size, -1, high, wide)
        corners = [z[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)]
        h, k = high // 2, wide // 2
        corners = [corner[:, :, :h, :k] for corner in corners]
        flat = (sum(corner.relu() for corner in corners) / 4).reshape(size, -1)
        logits = torch.addmm(c, flat, v.T)
        picked = logits.log_softmax(dim=1)[range(size), y]
        history.append(-picked.mean())

        dlogits = logits.softmax(dim=1)
        dlogits[range(size), y] -= 1
        dlogits /= size
        dflat = (dlogits @ v).reshape(size, -1, h, k)
        dz = torch.zeros_like(z)
        for place, corner in enumerate(corners):
            i, j = divmod(place, 2)
            share = torch.where(corner > 0, 0.25 * dflat, 0.0)
            dz[:, :, i::2, j::2][:, :, :h, :k] = share
        dz = dz.flatten(2)
        w -= lr * torch.bmm(dz, cols.mT).sum(dim=0).reshape(w.shape)
        b -= lr * dz.sum(dim=(0, 2))
        v -= lr * dlogits.T @ flat
        c -= lr * dlogits.sum(dim=0)
    return (w, b, v, c), torch.stack(history)


def predict_convnet__matrix_products(params, x):
    w, b, v, c = params
    windows = x.unfold(2, w.shape[2], 1).unfold(3, w.shape[3], 1)
    z = torch.einsum("nchwij,fcij->nfhw", windows, w) + b[:, None, None]
    pools = z.relu().unfold(2, 2, 2).unfold(3, 2, 2)
    return F.linear(pools.mean(dim=(4, 5)).reshape(len(x), -1), v, c)


def train_convnet__oracle_autograd(params, batches, lr):
    params = [p.detach().clone().requires_grad_(True) for p in params]
    losses = []
    with torch.enable_grad():
        for x, y in batches:
            w, b, v, c = params
            maps = F.avg_pool2d(F.relu(F.conv2d(x, w, b)), 2)
            loss = F.cross_entropy(F.linear(maps.flatten(1), v, c), y)
            slopes = torch.autograd.grad(loss, params)
            with torch.no_grad():
                for p, slope in zip(params, slopes, strict=True):
                    p -= lr * slope
            losses.append(loss.detach())
    return tuple(p.detach() for p in params), torch.stack(losses)
