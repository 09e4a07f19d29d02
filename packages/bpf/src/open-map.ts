/** Where maps come from: made new, found under a pin, or found by their number. */
import {
  BtfBuilder,
  fromBase64,
  kernelFieldsBtf,
  type MapBtf,
  type MapShape,
} from '@skep/bytecode';
import { BpfAttribute, BpfCommand, Fd, KernelError } from '@skep/sys';
import { Attribute } from './attribute.ts';
import { loadBtf } from './btf.ts';
import { bpf } from './call.ts';
import { readMapInfo } from './info.ts';
import { BpfMap } from './map.ts';
import { openPinnedObject, pinObject } from './pin.ts';
import { checkShape, mapType } from './shape.ts';

/**
 * Makes a map, empty but for what its shape says that it holds.
 *
 * For a map of maps a map of the inner shape is made for a moment, since the kernel wants to see
 * one.
 *
 * @param btf names and types of key and value, for tools; without effect where the kernel takes
 *   none
 * @throws KernelError
 */
export function createMap(shape: MapShape, btf?: MapBtf): BpfMap {
  const attribute = createAttribute(shape);
  const demanded = demandedBtf(shape);
  const inner = shape.inner === undefined ? undefined : createMap(shape.inner);
  try {
    if (inner) attribute.setU32(BpfAttribute.mapCreate.inner_map_fd, inner.fd.number);
    const intent = { operation: 'create map', subject: shape.name, detail: describe(shape) };
    const fd =
      createDescribed(attribute, btf ?? demanded, shape.name, demanded !== undefined) ??
      bpf(BpfCommand.MAP_CREATE, attribute, intent);
    return fill(new BpfMap(new Fd('map', fd), shape));
  } finally {
    inner?.close();
  }
}

/** Types that the kernel demands of some maps: of fields that only it touches, and for storage. */
function demandedBtf(shape: MapShape): MapBtf | undefined {
  if (shape.kernelFields) return kernelFieldsBtf(shape);
  return shape.kind === 'socketStorage' ? plainBtf(shape) : undefined;
}

/** A value of plain bytes. */
function plainBtf({ valueSize }: MapShape): MapBtf {
  const builder = new BtfBuilder();
  const keyType = builder.signedInteger('int', 4);
  const valueType = builder.array(builder.integer('u8', 1), valueSize);
  return { btf: builder.build(), keyType, valueType };
}

/** Writes what the map holds at first, where its shape says so, and freezes it where asked to. */
function fill(map: BpfMap): BpfMap {
  const { contents, isFrozen, keySize, name } = map.shape;
  if (contents === undefined) return map;
  try {
    map.update(new Uint8Array(keySize), fromBase64(contents));
    if (!isFrozen) return map;
    const attribute = new Attribute(BpfAttribute.element.size);
    attribute.setU32(BpfAttribute.element.map_fd, map.fd.number);
    bpf(BpfCommand.MAP_FREEZE, attribute, { operation: 'freeze map', subject: name });
    return map;
  } catch (error) {
    map.close();
    throw error;
  }
}

function createAttribute(shape: MapShape): Attribute {
  const { mapCreate } = BpfAttribute;
  return new Attribute(mapCreate.size)
    .setU32(mapCreate.map_type, mapType(shape.kind))
    .setU32(mapCreate.key_size, shape.keySize)
    .setU32(mapCreate.value_size, shape.valueSize)
    .setU32(mapCreate.max_entries, shape.maxEntries)
    .setU32(mapCreate.map_flags, shape.flags)
    .setName(mapCreate.map_name, shape.name);
}

/**
 * The map with its types; `undefined` where the kernel refuses those, and the attribute as before.
 */
function createDescribed(
  attribute: Attribute,
  map: MapBtf | undefined,
  name: string,
  isDemanded: boolean,
): number | undefined {
  if (!map) return undefined;
  const { mapCreate } = BpfAttribute;
  try {
    const btf = loadBtf(map.btf, name);
    try {
      attribute
        .setU32(mapCreate.btf_fd, btf.number)
        .setU32(mapCreate.btf_key_type_id, map.keyType)
        .setU32(mapCreate.btf_value_type_id, map.valueType);
      return bpf(BpfCommand.MAP_CREATE, attribute, { operation: 'create map', subject: name });
    } finally {
      btf.close();
    }
  } catch (error) {
    if (!(error instanceof KernelError) || isDemanded) throw error;
    for (const field of ['btf_fd', 'btf_key_type_id', 'btf_value_type_id'] as const) {
      attribute.setU32(mapCreate[field], 0);
    }
    return undefined;
  }
}

/**
 * Opens a pinned map of a known shape.
 *
 * @returns `undefined` where the path does not exist
 * @throws MapShapeError when it has another shape; KernelError
 */
export function openPinnedMap(path: string, expected: MapShape): BpfMap | undefined {
  const fd = openPinnedObject('map', path);
  if (fd === undefined) return undefined;
  try {
    checkShape(`pinned map ${path}`, readMapInfo(fd).shape, expected);
    return new BpfMap(fd, expected);
  } catch (error) {
    fd.close();
    throw error;
  }
}

/**
 * Opens the pinned map, or makes it and pins it where the path does not exist: what a restart
 * calls.
 *
 * @throws MapShapeError when it has another shape; KernelError
 */
export function openOrCreatePinnedMap(path: string, shape: MapShape, btf?: MapBtf): BpfMap {
  const existing = openPinnedMap(path, shape);
  if (existing) return existing;
  const map = createMap(shape, btf);
  try {
    pinObject(map.fd, path);
    return map;
  } catch (error) {
    map.close();
    throw error;
  }
}

/** Opens a map by the number in {@link readMapInfo}. @throws KernelError ENOENT where it is gone */
export function openMapById(id: number): BpfMap {
  const attribute = new Attribute(BpfAttribute.id.size).setU32(BpfAttribute.id.id, id);
  const intent = { operation: 'open map', subject: `id ${id}` };
  const fd = new Fd('map', bpf(BpfCommand.MAP_GET_FD_BY_ID, attribute, intent));
  try {
    return new BpfMap(fd, readMapInfo(fd).shape);
  } catch (error) {
    fd.close();
    throw error;
  }
}

function describe(shape: MapShape): string {
  const { kind, keySize, valueSize, maxEntries, flags } = shape;
  return `${kind}, key ${keySize} B, value ${valueSize} B, ${maxEntries} entries, flags ${flags}`;
}
