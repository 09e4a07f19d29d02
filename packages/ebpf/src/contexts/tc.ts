/** Traffic control: TCX, `clsact` and netkit run the same programs. */
import { field, MetadataContext, span, writable } from './context.ts';
import { skbFields, skbPacket, skbScratch, skbSocket, skbTimestamp } from './skb.ts';

/**
 * One packet at a traffic control hook.
 *
 * @source tc_cls_act_is_valid_access, net/core/filter.c
 */
export abstract class TcContext extends MetadataContext(
  'tc',
  { ...skbPacket, dataMeta: 140 },
  {
    ...skbFields,
    ...skbScratch,
    mark: writable(8),
    /** @since Linux 5.1 for writing */
    queueMapping: writable(12),
    priority: writable(32),
    classifierIndex: writable(44),
    classId: writable(72),
    timestamp: skbTimestamp,
    wireLength: field(160),
    socket: skbSocket,
    /** Bytes that `at` can reach without `pullData`; computed from data and dataEnd. */
    linearLength: span,
  },
) {}
