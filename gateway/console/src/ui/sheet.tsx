import Drawer from 'antd/es/drawer';
import {Antd} from './antd';
import type {SheetProps} from './drawer';

export default function Inner({open, title, close, children}: SheetProps) {
  return (
    <Antd>
      <Drawer open={open} title={title} onClose={close} size="large" destroyOnHidden>
        <div className="sheet-body">{children}</div>
      </Drawer>
    </Antd>
  );
}
